import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import { startTelegram, type TelegramServer } from "../telegram/telegram.ts";
import { until } from "./bridge/support.ts";
import { secret } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { handshake, startLine } from "./support/stdio.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
const ANNA = 1001;
const controlling = ["start_bridge", "stop_bridge", "restart_bridge", "ensure_bridge_running", "check_bridge_process"];
const keys = {
  operator: "key-of-the-client-that-may-stop-it!!",
  sender: "key-of-the-client-that-may-only-send",
  muter: "key-of-the-client-that-may-only-mute",
};
const environment = {
  HMAC_SECRET: secret,
  METRICS_PORT: "0",
  MCP_ENABLE_RATE_LIMIT: "false",
  MCP_SERVER_HOST: "127.0.0.1",
  MCP_SERVER_PORT: "0",
  MCP_API_KEYS: JSON.stringify({
    [keys.operator]: { name: "ops", permissions: [...controlling, "get_bridge_status"], enabled: true },
    [keys.sender]: { name: "sender", permissions: ["send_telegram_message", "get_bridge_status"], enabled: true },
    [keys.muter]: { name: "muter", permissions: ["switch_to_mute_mode"], enabled: true },
  }),
};

let directory: string;
let telegram: TelegramServer;
let ended: boolean;
const running = new Set<Process>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "control-"));
  telegram = await startTelegram({ limits: false });
  ended = false;
});

afterEach(async () => {
  ended = true;
  for (const { child, exited } of running) {
    child.kill("SIGKILL");
    await exited;
  }
  running.clear();
  await telegram.close();
  await rm(directory, { recursive: true });
});

function start(role: string, env: Record<string, string>): Process {
  const process = startProcess([role], { ...environment, ...env });
  running.add(process);
  return process;
}

const bridgeVariables = (port: number) => ({
  BRIDGE_HOST: "127.0.0.1",
  BRIDGE_PORT: `${port}`,
  TELEGRAM_BOT_TOKEN: token,
  TELEGRAM_ALLOWED_USERS: `${ANNA}`,
  TELEGRAM_API_URL: telegram.url,
  TELEGRAM_UPDATES: "None",
  TELEGRAM_RATE_LIMIT_PER_CHAT: "1000",
  TELEGRAM_RATE_LIMIT_GLOBAL: "1000",
  CC_TELEGRAM_DATA_DIR: join(directory, "data"),
});

type Bridges = { current: Process; readonly exitCodes: (number | null)[] };

/** Starts a bridge, and another one whenever it has ended, as the kubelet does. */
async function supervised(port: number): Promise<Bridges> {
  const startOne = () => start("bridge", bridgeVariables(port));
  const bridges: Bridges = { current: startOne(), exitCodes: [] };
  const supervise = async () => {
    for (;;) {
      const code = await bridges.current.exited;
      if (ended) return;
      bridges.exitCodes.push(code);
      bridges.current = startOne();
    }
  };
  void supervise();
  await bridges.current.logged("ready to work");
  return bridges;
}

async function serverFor(port: number): Promise<string> {
  const { http = "" } = await start("serve", { BRIDGE_URL: `http://127.0.0.1:${port}` }).logged("ready to work");
  return http;
}

async function call(url: string, tool: string, key: string, args: object = {}) {
  const headers = { "x-api-key": key, "content-type": "application/json" };
  const response = await fetch(`${url}/tools/${tool}`, { method: "POST", headers, body: JSON.stringify(args) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const told = () => telegram.delivered().map(({ text }) => text ?? "");
const arrived = (message: string) => until(message, () => told().some((text) => text.includes(message)));

describe("a bridge in a process of its own", () => {
  test("stopped by one client it stays stopped over kill -9, takes what another sends, and loses nothing", async () => {
    const port = await freePort();
    const bridges = await supervised(port);
    const url = await serverFor(port);
    const stopped = await call(url, "stop_bridge", keys.operator);
    expect(stopped).toMatchObject({
      status: 200,
      body: { success: true, message: "Stopped 1 bridge process(es)", note: expect.stringContaining("stopped by ops") },
    });
    expect((await call(url, "stop_bridge", keys.operator)).body).toMatchObject({ message: "Bridge is not running" });
    const send = async (message: string) => (await call(url, "send_telegram_message", keys.sender, { message })).body;
    expect(await send("before the kill")).toMatchObject({
      success: true,
      warning: expect.stringMatching(/^The message is kept: .* by ops; start_bridge resumes it/),
    });

    const { current } = bridges;
    current.child.kill("SIGKILL");
    await current.exited;
    expect(await send("after the kill")).toMatchObject({ success: true, warning: expect.any(String) });
    expect(bridges.current).not.toBe(current);
    expect((await call(url, "check_bridge_process", keys.operator)).body).toEqual({
      running: false,
      message: "Bridge process is not running",
      note: expect.stringContaining("Delivery was stopped by ops"),
    });
    await vi.waitFor(async () =>
      expect((await call(url, "get_bridge_status", keys.sender)).body).toMatchObject({
        running: true,
        paused: { by: "ops" },
        queue: { pending: 2 },
        telegram: { reachable: true },
      }),
    );
    expect(told()).toEqual([]);

    expect((await call(url, "ensure_bridge_running", keys.operator)).body).toEqual({
      success: true,
      message: "Bridge started successfully",
      action: "started",
    });
    await arrived("after the kill");
    expect(told().map((text) => text.split("\n")[2])).toEqual(["before the kill", "after the kill"]);
    expect((await call(url, "ensure_bridge_running", keys.operator)).body).toMatchObject({ action: "already_running" });
    expect((await call(url, "start_bridge", keys.operator)).body).toEqual({
      success: true,
      message: "Bridge is already running",
    });
    expect((await call(url, "check_bridge_process", keys.operator)).body).toEqual({
      running: true,
      message: "Bridge process is running",
    });
  });

  test("restarted it ends with 0 when what is under way is recorded, and its supervisor starts the next", async () => {
    const port = await freePort();
    const bridges = await supervised(port);
    const url = await serverFor(port);
    // Each request takes so long that the restart meets one.
    telegram.control({ faults: [{ kind: "delay", ms: 300, times: 10 }] });
    const sent = await Promise.all(
      ["one", "two", "three"].map((message) => call(url, "send_telegram_message", keys.sender, { message })),
    );
    expect(sent.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { body } = await call(url, "restart_bridge", keys.operator);
    expect(body).toEqual({ success: true, message: "Restart successful: Bridge started successfully" });
    expect(bridges.exitCodes).toEqual([0]);
    for (const message of ["one", "two", "three"]) await arrived(message);
    expect(told()).toHaveLength(3);
  });

  test("what stop_bridge has stopped stays stopped when restart_bridge ends it", async () => {
    const port = await freePort();
    const bridges = await supervised(port);
    const url = await serverFor(port);
    await call(url, "stop_bridge", keys.operator);
    await call(url, "send_telegram_message", keys.sender, { message: "kept" });
    expect((await call(url, "restart_bridge", keys.operator)).body).toMatchObject({
      success: true,
      note: expect.stringContaining("stopped by ops"),
    });
    expect(bridges.exitCodes).toEqual([0]);
    expect(told()).toEqual([]);
    await call(url, "start_bridge", keys.operator);
    await arrived("kept");
  });

  test("one that nobody starts is told as such by every tool, and the server goes on", async () => {
    const { http: url = "" } = await start("serve", {
      BRIDGE_URL: `http://127.0.0.1:${await freePort()}`,
      BRIDGE_TIMEOUT: "500",
    }).logged("ready to work");
    const bodyOf = async (tool: string) => (await call(url, tool, keys.operator)).body;
    expect(await bodyOf("start_bridge")).toEqual({
      success: false,
      message: expect.stringMatching(/^Failed to start/),
    });
    expect(await bodyOf("stop_bridge")).toEqual({ success: false, message: expect.stringMatching(/^Failed to stop/) });
    expect(await bodyOf("restart_bridge")).toEqual({
      success: false,
      message: expect.stringMatching(/^Restart failed/),
    });
    expect(await bodyOf("ensure_bridge_running")).toMatchObject({ success: false, action: "failed" });
    expect(await bodyOf("check_bridge_process")).toMatchObject({ running: false, note: expect.any(String) });
  });

  test("a client stops and mutes only what its key permits", async () => {
    const port = await freePort();
    await supervised(port);
    const url = await serverFor(port);
    for (const tool of [...controlling, "switch_to_mute_mode", "switch_to_local_mode"]) {
      expect(await call(url, tool, keys.sender)).toMatchObject({ status: 403, body: { code: "UNAUTHORIZED_TOOL" } });
    }
    expect(await call(url, "switch_to_nomad_mode", keys.muter)).toMatchObject({ status: 403 });
    expect((await call(url, "get_bridge_status", keys.sender)).body).not.toHaveProperty("paused");
    expect(await call(url, "switch_to_mute_mode", keys.muter, { user_ids: [66] })).toMatchObject({
      status: 400,
      body: { code: "UNKNOWN_PERSON" },
    });
    expect((await call(url, "switch_to_mute_mode", keys.muter)).body).toEqual({
      success: true,
      message: expect.stringMatching(/^Switched to mute mode/),
      mode: "muted",
      user_ids: [ANNA],
    });
    expect((await call(url, "send_telegram_message", keys.sender, { message: "unheard" })).body).toMatchObject({
      success: true,
      warning: expect.stringMatching(/^Nobody gets the message/),
    });
    await arrived("Set by muter.");
  });
});

describe("a bridge in the process of its server", () => {
  test("is restarted within it: the server answers on, and what was kept is delivered", async () => {
    const standalone = start("standalone", { ...bridgeVariables(0), METRICS_PORT: "0" });
    const { http: url = "", bridge: address, metrics } = await standalone.logged("ready to work");
    await call(url, "send_telegram_message", keys.sender, { message: "before" });
    await arrived("before");
    await call(url, "stop_bridge", keys.operator);
    await call(url, "send_telegram_message", keys.sender, { message: "kept" });
    const [restarted, during] = await Promise.all([
      call(url, "restart_bridge", keys.operator),
      call(url, "send_telegram_message", keys.sender, { message: "during" }),
    ]);
    expect(restarted.body).toMatchObject({ success: true, note: expect.stringContaining("stopped by ops") });
    expect(during).toMatchObject({ status: 200, body: { success: true } });
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    expect(await (await fetch(`${metrics}/metrics`)).text()).toMatch(/^cctelegram_delivery_paused\{?.*1$/m);
    expect(told().filter((text) => /kept|during/.test(text))).toEqual([]);
    await call(url, "start_bridge", keys.operator);
    await arrived("kept");
    await arrived("during");
    expect(standalone.child.exitCode).toBeNull();
    standalone.child.kill("SIGTERM");
    expect(await standalone.exited).toBe(0);
  });

  test("of a client over stdio, too: its call is answered, and so is the next", async () => {
    const { BRIDGE_HOST: _host, BRIDGE_PORT: _port, ...variables } = bridgeVariables(0);
    const line = startLine({ ...variables, METRICS_ENABLED: "false" });
    running.add(line);
    await handshake(line);
    const ask = async (name: string, args = {}) => (await line.ask("tools/call", { name, arguments: args })).result;
    expect(await ask("restart_bridge")).toMatchObject({ structuredContent: { success: true } });
    expect(await ask("send_telegram_message", { message: "after it" })).toMatchObject({
      structuredContent: { success: true },
    });
    await arrived("after it");
    line.child.stdin?.end();
    expect(await line.exited).toBe(0);
  });
});
