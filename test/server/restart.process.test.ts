import { expect, test, vi } from "vitest";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import { secret } from "./support/fake-bridge.ts";
import type { Process } from "./support/process.ts";
import { processStage } from "./support/process-stage.ts";
import { connect, keys, keysJson } from "./support/server.ts";

const stage = processStage("restart");

async function run(role: string, env: Record<string, string>): Promise<Process> {
  const process = stage.start(role, { HMAC_SECRET: secret, METRICS_PORT: "0", ...env });
  await process.logged("ready to work");
  return process;
}

async function bridgeOn(port: string, env: Record<string, string> = {}): Promise<Process> {
  return run("bridge", {
    BRIDGE_HOST: "127.0.0.1",
    BRIDGE_PORT: port,
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: stage.telegram.url,
    TELEGRAM_RATE_LIMIT_PER_CHAT: "30",
    CC_TELEGRAM_DATA_DIR: stage.folder,
    ...env,
  });
}

async function serverFor(port: string, env: Record<string, string> = {}): Promise<string> {
  const server = await run("serve", {
    BRIDGE_URL: `http://127.0.0.1:${port}`,
    MCP_API_KEYS: keysJson,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    BRIDGE_TIMEOUT: "15000",
    ...env,
  });
  return (await server.logged("ready to work")).http ?? "";
}

async function stop(process: Process): Promise<void> {
  process.child.kill("SIGTERM");
  await process.exited;
}

test("no call fails while the secret between server and bridge is rotated, whoever has the new one first", async () => {
  const rotated = { HMAC_SECRET: "the-new-secret-of-at-least-32-characters", HMAC_SECRET_PREVIOUS: secret };
  const port = `${await freePort()}`;
  const send = (http: string) =>
    fetch(`${http}/tools/send_telegram_message`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": keys.all },
      body: '{"message":"hello"}',
    }).then(({ status }) => status);

  const before = await bridgeOn(port);
  const [oldServer, newServer] = await Promise.all([
    serverFor(port),
    serverFor(port, { HMAC_SECRET: rotated.HMAC_SECRET }),
  ]);
  expect(await send(oldServer)).toBe(200);
  const early = send(newServer);
  await before.logged("SECURITY signature_failure client_ip=127.0.0.1");
  await stop(before);
  await bridgeOn(port, rotated);
  expect(await early).toBe(200);
  expect(await Promise.all([send(oldServer), send(newServer)])).toEqual([200, 200]);
});

test("clients do not notice that the bridge is killed and comes back, and every message arrives", async () => {
  const port = `${await freePort()}`;
  const first = await bridgeOn(port);
  const http = await serverFor(port);
  const client = await connect(http, keys.all);
  const calls: Promise<unknown>[] = [];
  const send = (index: number) =>
    calls.push(client.callTool({ name: "send_telegram_message", arguments: { message: `message ${index};` } }));
  for (let index = 0; index < 10; index++) send(index);
  first.child.kill("SIGKILL");
  for (let index = 10; index < 20; index++) send(index);
  await first.exited;
  await bridgeOn(port);
  for (const result of await Promise.all(calls)) expect(result).toMatchObject({ structuredContent: { success: true } });
  await client.close();
  const texts = () =>
    stage.telegram
      .delivered()
      .map(({ text }) => text)
      .join("\n");
  await vi.waitFor(() => {
    for (let index = 0; index < 20; index++) expect(texts()).toContain(`message ${index};`);
  });
});
