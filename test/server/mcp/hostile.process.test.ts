import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";
import { handshake, type Line, startLine } from "../support/stdio.ts";
import { line } from "./hostile-links.ts";
import { testHostileInputs } from "./hostile-tests.ts";

let directory: string;
let bridge: FakeBridge;
let telegram: TelegramServer;
let server: TestServer;
let alone: Line;
let remote: Line;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hostile-"));
  bridge = await startFakeBridge();
  telegram = await startTelegram();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
  alone = startLine({
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    CC_TELEGRAM_DATA_DIR: directory,
    MCP_RATE_LIMIT_REQUESTS: "100000",
  });
  remote = startLine({ CCTELEGRAM_URL: server.url, CCTELEGRAM_API_KEY: keys.all });
  await Promise.all([handshake(alone), handshake(remote)]);
});

afterAll(async () => {
  for (const running of [alone, remote]) {
    running.child.kill("SIGKILL");
    await running.exited;
  }
  await server.close();
  await bridge.close();
  await telegram.close();
  await rm(directory, { recursive: true });
});

testHostileInputs("stdio, 2025-11-25", async () => line(alone, "handshake"));
testHostileInputs("stdio, 2026-07-28", async () => line(alone, "stateless"));
testHostileInputs("stdio to a server elsewhere, 2025-11-25", async () => line(remote, "handshake", true));
testHostileInputs("stdio to a server elsewhere, 2026-07-28", async () => line(remote, "stateless", true));
