import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { secret, startFakeBridge } from "../server/support/fake-bridge.ts";
import { keys, keysJson } from "../server/support/server.ts";
import { endsWithWorker } from "../support/ends-with-worker.ts";
import { programOf } from "../support/programs.ts";
import { type NamedPipe, namedPipe } from "./named-pipe.ts";

/** Their lines are more than a pipe holds, and less than what waits for a reader. */
const manyCalls = 600;

type Program = { readonly child: ChildProcess; readonly pipe: NamedPipe; readonly exited: Promise<number | null> };

/** A program of ours whose stdout is the pipe. */
async function start(args: readonly string[], env: Record<string, string>): Promise<Program> {
  const pipe = await namedPipe();
  const child = spawn(process.execPath, [...endsWithWorker, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", pipe.writer, "inherit"],
  });
  closeSync(pipe.writer);
  const exited = once(child, "exit").then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { child, pipe, exited };
}

async function startServer(env: Record<string, string> = {}) {
  const bridge = await startFakeBridge();
  onTestFinished(() => bridge.close());
  const server = await start([programOf("server"), "serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS: keysJson,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    MCP_ENABLE_RATE_LIMIT: "false",
    METRICS_HOST: "127.0.0.1",
    METRICS_PORT: "0",
    SHUTDOWN_DELAY: "0",
    MCP_MAX_EVENT_LOOP_DELAY: "0",
    ...env,
  });
  const lines = (await server.pipe.shows("ready to work")).trim().split("\n");
  const { http, metrics } = JSON.parse(lines.at(-1) ?? "") as { http: string; metrics: string };
  return { ...server, http, metrics };
}

/** Each call that is answered has a line in the log. */
async function call(http: string, times: number): Promise<void> {
  for (let left = times; left > 0; left -= 20) {
    await Promise.all(Array.from({ length: Math.min(left, 20) }, () => callOnce(http)));
  }
}

async function callOnce(http: string): Promise<void> {
  const answer = await fetch(`${http}/tools/send_telegram_message`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": keys.all },
    body: '{"message":"hello"}',
  });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
}

async function cpuSeconds(metrics: string): Promise<number> {
  const text = await (await fetch(`${metrics}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
}

/** Waits until it takes less than a fifth of a CPU for two seconds: what it still does for calls of before ends, a loop does not. */
const idles = (metrics: string) =>
  vi.waitFor(async () => {
    const before = await cpuSeconds(metrics);
    await delay(2_000);
    expect(((await cpuSeconds(metrics)) - before) / 2).toBeLessThan(0.2);
  });

async function stop({ child, exited }: Program): Promise<number | null> {
  child.kill("SIGTERM");
  return exited;
}

const count = (text: string, part: string) => text.split(part).length - 1;

describe("the server, when the reader of its log", () => {
  test("goes away: serves on, idles, and ends when it is told to", async () => {
    const server = await startServer();
    server.pipe.leave();
    await call(server.http, 40);
    await idles(server.metrics);
    await call(server.http, 1);
    expect(await stop(server)).toBe(0);
  });

  test("goes away while it ends: ends all the same", async () => {
    const server = await startServer({ SHUTDOWN_DELAY: "1000", SHUTDOWN_TIMEOUT: "1000" });
    server.child.kill("SIGTERM");
    await server.pipe.shows("shutting down; not ready any more");
    server.pipe.leave();
    expect(await server.exited).toBe(0);
  });

  test("comes back: writes for it again, with the number of lines that were lost", async () => {
    const server = await startServer();
    server.pipe.leave();
    await call(server.http, 40);
    // When this is answered, the turn in which the last call was logged is over.
    await cpuSeconds(server.metrics);
    server.pipe.comeBack();
    // A reader is looked for once a second. Each call has two lines.
    await delay(1_100);
    await call(server.http, 1);
    await server.pipe.shows('"lines":120,"msg":"log lines were lost: nobody read them in time"');
    expect(await stop(server)).toBe(0);
    expect(server.pipe.read()).toContain('"msg":"stopped"');
  });

  test("stops reading: serves on, idles, and ends when it is told to", async () => {
    const server = await startServer();
    await call(server.http, manyCalls);
    await idles(server.metrics);
    expect(await stop(server)).toBe(0);
    const text = server.pipe.read();
    expect(text).not.toContain('"msg":"stopped"');
    expect(count(text, "tool called")).toBeLessThan(manyCalls);
  });

  test("reads on in time: loses nothing, until the last line", async () => {
    const server = await startServer();
    await call(server.http, manyCalls);
    await vi.waitFor(() => expect(count(server.pipe.read(), "tool called")).toBe(manyCalls));
    // More than the pipe holds, but not by so much that the second in which a program waits for its reader is short.
    await call(server.http, 200);
    server.child.kill("SIGTERM");
    await server.pipe.shows('"msg":"stopped"');
    expect(await server.exited).toBe(0);
    const text = server.pipe.read();
    expect(count(text, "tool called")).toBe(manyCalls + 200);
    for (const line of text.trim().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
  });
});

test("a start that fails has logged what came before", async () => {
  const taken = await startFakeBridge();
  onTestFinished(() => taken.close());
  const { pipe, exited } = await start([programOf("server"), "serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: taken.url,
    MCP_ENABLE_AUTH: "false",
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: `${taken.port}`,
    METRICS_ENABLED: "false",
  });
  expect(await exited).toBe(78);
  expect(pipe.read()).toContain("authentication is off");
});

test("the operator ends when it is told to, though nobody reads its log", async () => {
  const folder = await mkdtemp(join(tmpdir(), "operator-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(nobodysCluster));
  const operator = await start([programOf("operator")], {
    KUBECONFIG: kubeconfig,
    SERVER_IMAGE: "cctelegram/server:test",
    LISTEN_HOST: "127.0.0.1",
    HEALTH_PORT: "0",
    METRICS_PORT: "0",
    METRICS_AUTHENTICATION: "false",
    LEADER_ELECTION: "false",
  });
  await operator.pipe.shows("operator started");
  operator.pipe.leave();
  // Meanwhile it logs that no API server answers.
  await delay(2_000);
  expect(await stop(operator)).toBe(0);
});

const nobodysCluster = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "http://127.0.0.1:1" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "none" } }],
  users: [{ name: "none", user: {} }],
  "current-context": "none",
};
