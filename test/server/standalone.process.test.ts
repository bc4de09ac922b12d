import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startTelegram, type TelegramServer } from "../telegram/telegram.ts";
import { type Process, startProcess } from "./support/process.ts";
import { connect } from "./support/server.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";

let directory: string;
let telegram: TelegramServer;
let running: Process | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "standalone-"));
  telegram = await startTelegram();
});

afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.exited;
  await telegram.close();
  await rm(directory, { recursive: true });
});

async function start(): Promise<{ http: string; said: string }> {
  running = startProcess(["standalone"], {
    TELEGRAM_BOT_TOKEN: token,
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    CC_TELEGRAM_DATA_DIR: join(directory, "data"),
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
  });
  const { http = "" } = await running.logged("ready to work");
  return { http, said: running.stderr() };
}

async function stop(): Promise<void> {
  running?.child.kill("SIGTERM");
  expect(await running?.exited).toBe(0);
}

type ClientConfig = { mcpServers: { cctelegram: { url: string; headers: { "X-API-Key": string } } } };

const configIn = (said: string) => JSON.parse(said.slice(said.indexOf("{"))) as ClientConfig;

describe("standalone", () => {
  test("a message goes from an MCP client to Telegram with the configuration that the first start shows", async () => {
    const { http, said } = await start();
    const { url, headers } = configIn(said).mcpServers.cctelegram;
    expect(url).toBe(`${http}/mcp`);
    const client = await connect(http, headers["X-API-Key"]);
    await client.callTool({ name: "send_telegram_message", arguments: { message: "hello from standalone" } });
    await vi.waitFor(
      () =>
        expect(telegram.received().map(({ text }) => text)).toContainEqual(
          expect.stringContaining("hello from standalone"),
        ),
      { timeout: 10_000 },
    );
    await vi.waitFor(async () => {
      const status = await client.callTool({ name: "get_bridge_status" });
      expect(status.structuredContent).toMatchObject({ running: true, metrics: { telegram_messages_sent: 1 } });
    });
    await client.close();
    await stop();
    expect(running?.stdout()).not.toContain(token);
  });

  test("the key is kept for its owner only, shown once, and valid after a restart", async () => {
    const first = await start();
    const key = configIn(first.said).mcpServers.cctelegram.headers["X-API-Key"];
    await stop();
    const path = join(directory, "data", "api-keys.json");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).toContain(key);
    const second = await start();
    expect(second.said).toContain(path);
    expect(second.said).not.toContain(key);
    const answer = await fetch(`${second.http}/tools`, { headers: { "x-api-key": key } });
    expect(answer.status).toBe(200);
    await stop();
  });

  test("answers this machine only, under its own names", async () => {
    const { http } = await start();
    expect(new URL(http).hostname).toBe("127.0.0.1");
    const rebound = await fetch(`${http}/mcp`, { method: "POST", headers: { origin: "http://evil.example" } });
    expect(rebound.status).toBe(403);
    await stop();
  });
});
