import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { keys, keysJson } from "./support/server.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
const wrongKey = "a-wrong-key-that-nobody-has-been-given";

let bridge: FakeBridge;
let folder: string;
let logs: string;
const started: Process[] = [];

beforeEach(async () => {
  bridge = await startFakeBridge();
  folder = await mkdtemp(join(tmpdir(), "log-files-"));
  logs = join(folder, "logs", "cctelegram");
});

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill("SIGKILL");
    await exited;
  }
  await bridge.close();
  await rm(folder, { recursive: true });
});

function run(role: string, env: Record<string, string> = {}): Process {
  const bot = { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1", TELEGRAM_API_URL: "http://127.0.0.1:1" };
  const common = { METRICS_PORT: "0", METRICS_HOST: "127.0.0.1", CC_TELEGRAM_LOGS_DIR: logs, SHUTDOWN_DELAY: "0" };
  const server = { MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0", MCP_API_KEYS: keysJson };
  const others: Record<string, Record<string, string>> = {
    serve: { ...server, HMAC_SECRET: secret, BRIDGE_URL: bridge.url },
    bridge: { ...bot, HMAC_SECRET: secret, BRIDGE_PORT: "0", CC_TELEGRAM_DATA_DIR: join(folder, "data") },
    standalone: { ...bot, ...server, CC_TELEGRAM_DATA_DIR: join(folder, "data") },
    stdio: { ...bot, CC_TELEGRAM_DATA_DIR: join(folder, "data") },
  };
  const process = startProcess([role], { ...common, ...others[role], ...env });
  started.push(process);
  return process;
}

const read = (name = "application.log") => readFile(join(logs, name), "utf8").catch(() => "");
const written = (text: string, name?: string) =>
  vi.waitFor(async () => expect(await read(name)).toContain(text), { timeout: 60_000, interval: 50 });
const messagesIn = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).msg);
const isRecord = (line: string) => line.endsWith('"msg":"audit"}');
const count = (text: string, part: string) => text.split(part).length - 1;

const send = (http: string, key: string) =>
  fetch(`${http}/tools/send_telegram_message`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key, "user-agent": "x SECURITY y" },
    body: '{"message":"hello"}',
  });

describe("log files", () => {
  test.each(["serve", "bridge", "standalone", "stdio"])(
    "of %s have what its output has, to the last line",
    async (role) => {
      const program = run(role);
      await written("ready to work");
      expect((await stat(join(logs, "security.log"))).mode & 0o777).toBe(0o600);
      program.child.kill("SIGTERM");
      expect(await program.exited).toBe(0);
      const output = role === "stdio" ? program.stderr() : program.stdout();
      const records = output.split("\n").filter(isRecord);
      const others = output.split("\n").filter((line) => !isRecord(line));
      expect(await read("audit.log")).toBe(records.map((line) => `${line}\n`).join(""));
      expect(messagesIn(await read())).toEqual(messagesIn(others.join("\n")));
      expect(messagesIn(output).at(-1)).toBe("stopped");
      if (role === "stdio") expect(program.stdout()).toBe("");
    },
  );

  test("have calls and refusals, and no key, no token and no text of a message", async () => {
    const program = run("standalone", { LOG_FORMAT: "text" });
    // A file may be ahead of the output.
    const http = await vi.waitUntil(() => /http=(http:\S+)/.exec(program.stdout())?.[1]);
    expect((await send(http, keys.all)).status).toBe(200);
    expect((await send(http, wrongKey)).status).toBe(401);
    expect((await send(http, keys.nothing)).status).toBe(403);
    await written("authorization_failure", "security.log");
    program.child.kill("SIGTERM");
    await program.exited;
    const security = await read("security.log");
    expect(security).toMatch(
      /Z SECURITY authentication_failure client_ip=127\.0\.0\.1 .*\n.*Z SECURITY authorization_failure client_ip=127\.0\.0\.1 /,
    );
    expect(program.stdout()).toMatch(/Z INFO {2}tool called .*duration_ms=\d/);
    const all = security + (await read()) + program.stdout() + program.stderr();
    for (const hidden of [...Object.values(keys), wrongKey, token, "AAExample", "hello"])
      expect(all).not.toContain(hidden);
  });

  test("of a process that was killed hold whole lines, and the next one goes on with them", async () => {
    const first = run("serve");
    const { http = "" } = await first.logged("ready to work");
    const calls = Promise.allSettled(Array.from({ length: 200 }, () => send(http, keys.all)));
    await written("tool called");
    first.child.kill("SIGKILL");
    await Promise.all([first.exited, calls]);
    await run("serve").logged("ready to work");
    await vi.waitFor(async () => expect(count(await read(), "ready to work")).toBe(2));
    expect(messagesIn(await read())).toContain("tool called");
  });

  test("may be those of several processes, which rotate them together", async () => {
    const env = { MCP_ENABLE_RATE_LIMIT: "false", LOG_MAX_SIZE: "1MB" };
    const servers = [run("serve", { ...env, INSTANCE_ID: "one" }), run("serve", { ...env, INSTANCE_ID: "two" })];
    const addresses = await Promise.all(servers.map((server) => server.logged("ready to work")));
    const senders = addresses.flatMap(({ http = "" }) => Array.from({ length: 8 }, () => http));
    await Promise.all(
      senders.map(async (http) => {
        for (let call = 0; call < 150; call++) expect((await send(http, keys.all)).status).toBe(200);
      }),
    );
    for (const { child, exited } of servers) {
      child.kill("SIGTERM");
      await exited;
    }
    const names = (await readdir(logs)).filter((name) => name.startsWith("application.log"));
    expect(names.length).toBeGreaterThan(1);
    const lines = (await Promise.all(names.map((name) => read(name)))).flatMap((text) => text.trimEnd().split("\n"));
    const calls = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "tool called");
    expect(calls.filter(({ instance }) => instance === "one")).toHaveLength(1200);
    expect(calls.filter(({ instance }) => instance === "two")).toHaveLength(1200);
  });

  const reason = process.getuid?.() === 0 ? "" : " (not run: mounting a small file system needs root)";

  test.skipIf(reason !== "")(`on a full disk are told of once, and the server serves on${reason}`, async () => {
    execFileSync("mkdir", ["-p", logs]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", logs]);
    const fill = () => writeFile(join(logs, "filler"), Buffer.alloc(1024 ** 2)).catch(() => undefined);
    try {
      const program = run("serve", { MCP_ENABLE_RATE_LIMIT: "false" });
      const { http = "" } = await program.logged("ready to work");
      await written("ready to work");
      await fill();
      const serve = async (calls: number) => {
        for (let call = 0; call < calls; call++) expect((await send(http, keys.all)).status).toBe(200);
      };
      await serve(100);
      await program.logged("a log file cannot be written: lines are left out until it can");
      await serve(100);
      expect(count(program.stdout(), '"msg":"tool called"')).toBe(200);
      // Once for each file: calls are in the application's and in the audit log.
      for (const name of ["application.log", "audit.log"])
        expect(count(program.stdout(), `"file":"${join(logs, name)}","msg":"a log file cannot be written`)).toBe(1);
      expect(program.stdout()).toContain('"reason":"ENOSPC"');

      await rm(join(logs, "filler"));
      const isBack = () => program.stdout().includes("lines were left out of a log file; it is written again");
      await vi.waitFor(
        async () => {
          await serve(1);
          expect(isBack()).toBe(true);
        },
        { interval: 500 },
      );
      await written("it is written again");
      expect(messagesIn(await read())).toContain("lines were left out of a log file; it is written again");

      // Half a line at the end of a block: not even the line break that ends it has room.
      program.child.kill("SIGKILL");
      await program.exited;
      await writeFile(join(logs, "application.log"), "x".repeat(4096));
      await fill();
      const next = run("serve");
      await next.logged("ready to work");
      await next.logged("a log file cannot be written: lines are left out until it can");
    } finally {
      for (const { child, exited } of started) {
        child.kill("SIGKILL");
        await exited;
      }
      execFileSync("umount", [logs]);
    }
  });
});
