import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "./account.ts";

const SERVER = join(import.meta.dirname, "../../server/main.ts");
const THROW_AWAY = join(import.meta.dirname, "throw-away.mjs");
const START_MS = 60_000;
/** How long to wait for messages in progress, and then for the program. */
const DELIVERY_MS = 5_000;
const EXIT_MS = 5_000;

/** Server and bridge in one process, with a queue in a folder that is deleted with it. */
export type Standalone = {
  readonly url: string;
  readonly key: string;
  /** For people: its address, and the password of the user admin. */
  readonly dashboard: { readonly url: string; readonly password: string };
  /** Resolves with the reason when it ends by itself. */
  readonly failed: Promise<Error>;
  /** Stops it and returns how many accepted messages had not been delivered. */
  readonly stop: () => Promise<number>;
};

export type StandaloneOptions = {
  readonly account: Account;
  /** Of a server's variables only those of proxies and MCP_SERVER_PORT are passed on. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives the undo step before the process is started. */
  readonly onEnd: (end: () => Promise<unknown>) => void;
  /** Stops waiting for the start. */
  readonly signal?: AbortSignal;
};

/** Starts the server as `npm run standalone` does, on a free port of this machine and with the given key. */
export async function startStandalone({
  account,
  env = process.env,
  onEnd,
  signal,
}: StandaloneOptions): Promise<Standalone> {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-"));
  const key = randomBytes(32).toString("hex");
  const password = randomBytes(12).toString("hex");
  const child = spawn(process.execPath, ["--import", THROW_AWAY, SERVER, "standalone"], {
    env: { ...variables(account, key, folder, env), MONITORING_SERVER_PORT: "0", MONITORING_PASSWORD: password },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // We handle Ctrl-C, after messages in progress have been delivered.
    detached: true,
  });
  let url: string | undefined;
  const stop = memoized(async () => {
    const left = url === undefined ? 0 : await undelivered({ url, key });
    await end(child);
    rmSync(folder, { recursive: true, force: true });
    return left;
  });
  onEnd(stop);
  const failed = failureOf(child);
  const failure = failed.then((error) => Promise.reject(error));
  const addresses = await Promise.race([addressesOf(child), failure, timeout(), ...(signal ? [aborted(signal)] : [])]);
  url = addresses.http;
  return { url, key, dashboard: { url: addresses.dashboard, password }, failed, stop };
}

function variables(account: Account, key: string, folder: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = ["PATH", "HOME", "TMPDIR", ...(account.apiUrl?.startsWith("http://127.0.0.1:") ? [] : PROXIES)];
  return {
    ...Object.fromEntries(passed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    TELEGRAM_BOT_TOKEN: account.token,
    TELEGRAM_ALLOWED_USERS: account.users.join(","),
    ...(account.apiUrl === undefined ? {} : { TELEGRAM_API_URL: account.apiUrl }),
    MCP_API_KEYS: JSON.stringify({ [key]: { name: "claude", permissions: ["*"], enabled: true } }),
    MCP_SERVER_PORT: env.MCP_SERVER_PORT ?? "0",
    METRICS_ENABLED: "false",
    SHUTDOWN_TIMEOUT: "2000",
    CC_TELEGRAM_DATA_DIR: join(folder, "data"),
    CCTELEGRAM_THROW_AWAY: folder,
  };
}

const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];

type Addresses = { readonly http: string; readonly dashboard: string };

async function addressesOf(child: ChildProcess): Promise<Addresses> {
  if (child.stdout === null) throw new Error("the server has no output");
  let found: Addresses | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, http, dashboard } = JSON.parse(line) as { msg?: string } & Partial<Addresses>;
    if (msg === "ready to work" && http && dashboard) found = { http, dashboard };
    if (found !== undefined) break;
  }
  // It has ended: the other promise of the race has the reason.
  if (found === undefined) return new Promise(() => undefined);
  // The rest is not read, and a full pipe would stop the server. Only now, because the end of the loop has paused the stream.
  child.stdout.resume();
  return found;
}

async function failureOf(child: ChildProcess): Promise<Error> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_096);
  });
  const [code, signal] = await once(child, "close");
  return new Error(`the server standing alone ended with ${code ?? signal}${said === "" ? "" : `:\n${said.trim()}`}`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function timeout(): Promise<never> {
  await delay(START_MS, undefined, { ref: false });
  throw new Error(`the server standing alone did not answer within ${START_MS / 1000} s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  if (await Promise.race([exited.then(() => true), delay(EXIT_MS, false, { ref: false })])) return;
  child.kill("SIGKILL");
  await exited;
}

/** Waits until accepted messages are delivered, and returns how many are left. */
async function undelivered({ url, key }: { url: string; key: string }): Promise<number> {
  const deadline = performance.now() + DELIVERY_MS;
  for (;;) {
    const pending = await pendingOf(url, key);
    if (pending === 0 || performance.now() > deadline) return pending;
    await delay(100);
  }
}

async function pendingOf(url: string, key: string): Promise<number> {
  const request = {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(1_000),
  };
  const answer = await fetch(`${url}/tools/get_bridge_status`, request).then(
    (response) => response.json().catch(() => undefined),
    () => undefined,
  );
  return (answer as { queue?: { pending?: number } } | undefined)?.queue?.pending ?? 0;
}

function memoized<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
