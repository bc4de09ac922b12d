import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
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

const keyFile = () => join(directory, "data", "api-keys.json");

async function firstKey(): Promise<string> {
  return Object.keys(JSON.parse(await readFile(keyFile(), "utf8")))[0] ?? "";
}

async function start(): Promise<{ http: string }> {
  running = startProcess(["standalone"], {
    TELEGRAM_BOT_TOKEN: token,
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    CC_TELEGRAM_DATA_DIR: join(directory, "data"),
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
  });
  const { http = "" } = await running.logged("ready to work");
  return { http };
}

async function stop(): Promise<void> {
  running?.child.kill("SIGTERM");
  expect(await running?.exited).toBe(0);
}

describe("standalone", () => {
  test("a message goes from an MCP client to Telegram with the key that the first start makes", async () => {
    const { http } = await start();
    const client = await connect(http, await firstKey());
    await client.callTool({ name: "send_telegram_message", arguments: { message: "hello from standalone" } });
    await vi.waitFor(() =>
      expect(telegram.received().map(({ text }) => text)).toContainEqual(
        expect.stringContaining("hello from standalone"),
      ),
    );
    await vi.waitFor(async () => {
      const status = await client.callTool({ name: "get_bridge_status" });
      expect(status.structuredContent).toMatchObject({ running: true, metrics: { telegram_messages_sent: 1 } });
    });
    const health = await fetch(`${http}/health/detailed`);
    expect([health.status, await health.json()]).toMatchObject([200, { status: "healthy" }]);
    expect((await fetch(`${http}/report`)).status).toBe(200);
    await client.close();
    await stop();
    expect(running?.stdout()).not.toContain(token);
  });

  test("the key is kept for its owner only, told to no log, and valid after a restart", async () => {
    await start();
    const key = await firstKey();
    await stop();
    // Only now all that it wrote is here.
    expect(running?.stderr()).toContain(keyFile());
    expect(`${running?.stderr()}${running?.stdout()}`).not.toContain(key);
    const { http } = await start();
    const answer = await fetch(`${http}/tools`, { headers: { "x-api-key": key } });
    expect(answer.status).toBe(200);
    await stop();
    expect(running?.stderr()).toContain(keyFile());
  });

  test("what it writes is its owner's alone, also in a directory that was open to others", async () => {
    const data = join(directory, "data");
    await mkdir(data);
    await chmod(data, 0o755);
    await start();
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(data)).toBe(0o700);
    const names = await readdir(data);
    expect(names).toEqual(expect.arrayContaining(["api-keys.json", "queue.sqlite"]));
    for (const name of names) expect(await modeOf(join(data, name)), name).toBe(0o600);
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
