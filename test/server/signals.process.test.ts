import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { programOf } from "../support/programs.ts";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";

const kept = "key-of-a-client-that-stays-the-same";
const keysWith = (key: string) =>
  JSON.stringify({
    [kept]: { name: "kept", permissions: ["*"], enabled: true },
    [key]: { name: "other", permissions: ["*"], enabled: true },
  });

let bridge: FakeBridge;
let folder: string;
let server: Process | undefined;

beforeEach(async () => {
  bridge = await startFakeBridge();
  folder = await mkdtemp(join(tmpdir(), "signals-"));
  await writeFile(join(folder, "keys.json"), keysWith("key-of-the-other-client-before-it"));
  await writeFile(join(folder, "level"), "info\n");
});

afterEach(async () => {
  server?.child.kill("SIGKILL");
  await server?.exited;
  await bridge.close();
  await rm(folder, { recursive: true });
});

async function serve(env: Record<string, string> = {}) {
  const started = startProcess(["serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS_FILE: join(folder, "keys.json"),
    LOG_LEVEL_FILE: join(folder, "level"),
    MCP_ENABLE_RATE_LIMIT: "false",
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    SHUTDOWN_DELAY: "0",
    ...env,
  });
  server = started;
  const { http = "" } = await started.logged("ready to work");
  const count = (message: string) => started.stdout().split(`"msg":"${message}"`).length - 1;
  const list = (key: string) => fetch(`${http}/tools`, { headers: { "x-api-key": key } });
  return { ...started, http, count, list };
}

/** As an editor that cares writes a file. */
async function replace(name: string, content: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), content);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

describe("SIGHUP", () => {
  test("reads keys and log level again at once, and no request is refused meanwhile", async () => {
    const { child, count, list } = await serve();
    const statuses = new Set<number>();
    let isOver = false;
    const caller = async () => {
      while (!isOver) statuses.add((await list(kept)).status);
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    for (let round = 1; round <= 5; round += 1) {
      const key = `key-of-the-other-client-in-round-${round}`;
      await replace("keys.json", keysWith(key));
      await replace("level", round % 2 === 0 ? "info" : "debug");
      child.kill("SIGHUP");
      await vi.waitFor(() => expect(count("log level changed")).toBe(round));
      await vi.waitFor(async () => expect((await list(key)).status).toBe(200));
    }
    isOver = true;
    await callers;
    expect([...statuses]).toEqual([200]);
    expect((await list("key-of-the-other-client-in-round-4")).status).toBe(401);
  });

  test("many at once are few reloads, and the process goes on", async () => {
    const { child, count, list } = await serve();
    for (let i = 0; i < 50; i += 1) child.kill("SIGHUP");
    await vi.waitFor(() => expect(count("reading log level, keys and certificate again")).toBeGreaterThan(0));
    expect((await list(kept)).status).toBe(200);
    expect(child.exitCode).toBeNull();
  });
});

test("a process whose terminal is closed ends, and does not go on unseen", async () => {
  const env = {
    PATH: process.env.PATH ?? "",
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS_FILE: join(folder, "keys.json"),
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    SHUTDOWN_DELAY: "0",
  };
  const program = programOf("server");
  const command = `exec "${process.execPath}" "${program}" serve`;
  const terminal = spawn("script", ["-qec", command, "/dev/null"], { env, stdio: ["pipe", "pipe", "ignore"] });
  let shown = "";
  terminal.stdout.setEncoding("utf8").on("data", (text) => {
    shown += text;
  });
  try {
    await vi.waitFor(() => expect(shown).toContain("ready to work"));
  } finally {
    terminal.kill("SIGKILL");
  }
  const http = /"http":"([^"]+)"/.exec(shown)?.[1] ?? "";
  expect(http).toMatch(/^http:/);
  await vi.waitFor(() => expect(fetch(`${http}/health`)).rejects.toThrow());
});

describe("SIGUSR2", () => {
  const written = "heap snapshot written; it holds messages and keys";

  test("without a folder says what to set, and the process goes on", async () => {
    const { child, logged, list } = await serve();
    child.kill("SIGUSR2");
    await logged("no heap snapshot is written: set HEAP_SNAPSHOT_DIR to a folder for it, and start again");
    expect((await list(kept)).status).toBe(200);
  });

  test("writes a snapshot for the owner alone, three at most", async () => {
    const { child, count, logged, stdout } = await serve({ HEAP_SNAPSHOT_DIR: folder, INSTANCE_ID: "mcp-01" });
    for (const number of [1, 2, 3]) {
      child.kill("SIGUSR2");
      await vi.waitFor(() => expect(count(written)).toBe(number));
    }
    child.kill("SIGUSR2");
    await logged("no heap snapshot is written");
    expect(stdout()).toContain(`there are 3 in ${folder} already; delete one`);
    const names = (await readdir(folder)).filter((name) => name.startsWith("mcp-01-"));
    expect(names.filter((name) => name.endsWith(".heapsnapshot"))).toHaveLength(3);
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test("together with SIGHUP and SIGTERM the process ends well, and nothing is half written", async () => {
    const heap = join(folder, "heap");
    await mkdir(heap);
    const { child, exited } = await serve({ HEAP_SNAPSHOT_DIR: heap, SHUTDOWN_DELAY: "300" });
    for (const signal of ["SIGUSR2", "SIGHUP", "SIGTERM", "SIGHUP", "SIGUSR2", "SIGUSR2"] as const) child.kill(signal);
    expect(await exited).toBe(0);
    expect((await readdir(heap)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test("during the shutdown is refused", async () => {
    const heap = join(folder, "heap");
    await mkdir(heap);
    const { child, exited, logged } = await serve({ HEAP_SNAPSHOT_DIR: heap, SHUTDOWN_DELAY: "5000" });
    child.kill("SIGTERM");
    await logged("shutting down; not ready any more");
    child.kill("SIGUSR2");
    await logged("no heap snapshot is written: the process is shutting down");
    expect(await exited).toBe(0);
    expect(await readdir(heap)).toEqual([]);
  });
});
