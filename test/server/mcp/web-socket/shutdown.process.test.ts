import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "../../support/fake-bridge.ts";
import { type Process, startProcess } from "../../support/process.ts";
import { keys, keysJson } from "../../support/server.ts";
import { session, stateless, talk } from "../../support/web-socket.ts";

let bridge: FakeBridge;
let program: Process;
let url: string;

beforeEach(async () => {
  bridge = await startFakeBridge();
  const env = {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    BRIDGE_TIMEOUT: "60000",
    MCP_API_KEYS: keysJson,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    METRICS_ENABLED: "false",
    SHUTDOWN_DELAY: "0",
    SHUTDOWN_TIMEOUT: "500",
  };
  program = startProcess(["serve"], env, "conformance");
  ({ http: url = "" } = await program.logged("ready to work"));
});

afterEach(async () => {
  program.child.kill("SIGKILL");
  await program.exited;
  await bridge.close();
});

const key = keys.all;
const restart = { code: 1012, reason: "service restart: connect again" };
const asking = { capabilities: { elicitation: { form: {} } } };
const stopped = {
  result: { isError: true, content: [{ text: expect.stringContaining('"code": "SERVER_STOPPED"') }] },
};
const call = (id: number, name: string, args: object) => {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
};

/** Lets the bridge answer nothing, and resolves when it was asked. */
function silence(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  bridge.intercept = () => {
    resolve();
    return new Promise(() => {});
  };
  return promise;
}

describe("a server whose time to stop is over", () => {
  test("answers a call that waits for its client, and tells the client to connect again", async () => {
    const connection = await session(url, { key }, asking);
    connection.send(call(7, "test_elicitation", { message: "Who?" }));
    const { id } = await connection.until(({ method }) => method === "elicitation/create");
    expect(id).toBeDefined();
    program.child.kill("SIGTERM");
    expect(await connection.answer(7)).toMatchObject(stopped);
    expect(await connection.closed).toEqual(restart);
    expect(await program.exited).toBe(0);
  });

  test("does so for what waits for the bridge, in both eras, and an idle client hears it at once", async () => {
    const asked = silence();
    const session2025 = await session(url, { key });
    const stateless2026 = await talk(url, { key });
    const idle = await talk(url, { key });
    session2025.send(call(1, "send_telegram_message", { message: "hello" }));
    const params = stateless({ name: "send_telegram_message", arguments: { message: "hello" } });
    stateless2026.send({ jsonrpc: "2.0", id: 2, method: "tools/call", params });
    await asked;
    await Promise.all([session2025.ask("ping"), idle.ask("ping")]);
    program.child.kill("SIGTERM");
    expect(await idle.closed).toEqual(restart);
    expect(await session2025.answer(1)).toMatchObject(stopped);
    expect(await stateless2026.answer(2)).toMatchObject({ result: { resultType: "complete", ...stopped.result } });
    expect(await Promise.all([session2025.closed, stateless2026.closed])).toEqual([restart, restart]);
    expect(await program.exited).toBe(0);
  });

  test("is not held up by a client that reads nothing", async () => {
    const asked = silence();
    const deaf = await session(url, { key });
    deaf.send(call(1, "send_telegram_message", { message: "hello" }));
    await asked;
    deaf.socket.pause();
    program.child.kill("SIGTERM");
    expect(await program.exited).toBe(0);
    deaf.socket.terminate();
  });
});
