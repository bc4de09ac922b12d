import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { keysJson } from "./support/server.ts";

let directory: string;
let taken: FakeBridge;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "start-"));
  taken = await startFakeBridge();
  await writeFile(join(directory, "file"), "not a directory");
  await writeFile(join(directory, "keys.yaml"), "- key: a-secret-key-of-the-team");
  await symlink("circle", join(directory, "circle"));
  await mkdir(join(directory, "newer"));
  await mkdir(join(directory, "logs", "application.log"), { recursive: true });
  const newer = new DatabaseSync(join(directory, "newer", "queue.sqlite"));
  newer.exec("PRAGMA user_version = 999");
  newer.close();
  await mkdir(join(directory, "blocked", "queue.sqlite"), { recursive: true });
});

afterAll(async () => {
  await taken.close();
  await rm(directory, { recursive: true });
});

const token = "123456789:AAExampleExampleExampleExampleExample";

/** What a process needs to start; each case spoils one thing. */
function usable(role: string): Record<string, string> {
  const common = { METRICS_PORT: "0", METRICS_HOST: "127.0.0.1" };
  const bot = { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1", TELEGRAM_API_URL: "http://127.0.0.1:1" };
  const server = { MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0" };
  const storage = { CC_TELEGRAM_DATA_DIR: join(directory, "data") };
  if (role === "bridge") return { ...common, ...bot, ...storage, HMAC_SECRET: secret, BRIDGE_PORT: "0" };
  if (role === "standalone") return { ...common, ...bot, ...storage, ...server };
  return { ...common, ...server, HMAC_SECRET: secret, BRIDGE_URL: taken.url, MCP_API_KEYS: keysJson };
}

type Case = readonly [role: string, env: () => Record<string, string>, told: string, variable: string];

const at = (...path: string[]) => join(directory, ...path);

const cases: readonly Case[] = [
  ["serve", () => ({ MCP_SERVER_PORT: `${taken.port}` }), "port is in use", "MCP_SERVER_PORT"],
  ["serve", () => ({ METRICS_PORT: `${taken.port}` }), "port is in use", "METRICS_PORT"],
  ["bridge", () => ({ BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: `${taken.port}` }), "port is in use", "BRIDGE_PORT"],
  ["serve", () => ({ MCP_SERVER_HOST: "no-such-host.invalid" }), "no address of this machine", "MCP_SERVER_HOST"],
  ["serve", () => ({ MCP_SERVER_HOST: "192.0.2.1" }), "no address of this machine", "MCP_SERVER_HOST"],
  ["serve", () => ({ METRICS_HOST: "192.0.2.1" }), "no address of this machine", "METRICS_HOST"],
  ["bridge", () => ({ BRIDGE_HOST: "192.0.2.1" }), "no address of this machine", "BRIDGE_HOST"],
  ["serve", () => ({ MCP_API_KEYS: "", MCP_API_KEYS_FILE: at("keys.yaml") }), "not valid JSON", "MCP_API_KEYS_FILE"],
  ["serve", () => ({ MCP_API_KEYS: "", MCP_API_KEYS_FILE: directory }), "is a directory", "MCP_API_KEYS_FILE"],
  ["serve", () => ({ MCP_API_KEYS: "", MCP_API_KEYS_FILE: at("circle") }), "ELOOP", "MCP_API_KEYS_FILE"],
  ["serve", () => ({ MCP_API_KEYS: "", MCP_API_KEYS_FILE: "/dev/zero" }), "larger than 1 MiB", "MCP_API_KEYS_FILE"],
  ["serve", () => ({ HMAC_SECRET: "", HMAC_SECRET_FILE: "/dev/zero" }), "EFBIG", "HMAC_SECRET_FILE"],
  ["standalone", () => ({ MCP_API_KEYS_FILE: at("keys.yaml") }), "not valid JSON", "MCP_API_KEYS_FILE"],
  ["serve", () => ({ HMAC_SECRET: "", HMAC_SECRET_FILE: directory }), "EISDIR", "HMAC_SECRET_FILE"],
  ["serve", () => ({ HMAC_SECRET: "", HMAC_SECRET_FILE: at("nothing") }), "ENOENT", "HMAC_SECRET_FILE"],
  [
    "bridge",
    () => ({ TELEGRAM_BOT_TOKEN: "", TELEGRAM_BOT_TOKEN_FILE: directory }),
    "EISDIR",
    "TELEGRAM_BOT_TOKEN_FILE",
  ],
  ["serve", () => ({ MCP_TRUSTED_PROXIES: "10.0.0.0/99" }), "is not usable", "MCP_TRUSTED_PROXIES"],
  [
    "serve",
    () => ({ MCP_ENABLE_AUTH: "false", MCP_SERVER_HOST: "0.0.0.0" }),
    "anybody could",
    "MCP_ALLOW_UNAUTHENTICATED",
  ],
  ["bridge", () => ({ CC_TELEGRAM_DATA_DIR: at("file") }), "not a directory", "CC_TELEGRAM_DATA_DIR"],
  ["standalone", () => ({ CC_TELEGRAM_DATA_DIR: at("file", "below") }), "not a directory", "CC_TELEGRAM_DATA_DIR"],
  ["bridge", () => ({ CC_TELEGRAM_DATA_DIR: at("circle") }), "circle", "CC_TELEGRAM_DATA_DIR"],
  ["bridge", () => ({ CC_TELEGRAM_DATA_DIR: "/proc/cctelegram" }), "cannot be made", "CC_TELEGRAM_DATA_DIR"],
  ["bridge", () => ({ CC_TELEGRAM_DATA_DIR: at("x".repeat(300)) }), "too long", "CC_TELEGRAM_DATA_DIR"],
  ["serve", () => ({ CC_TELEGRAM_LOGS_DIR: at("file") }), "not a directory", "CC_TELEGRAM_LOGS_DIR"],
  ["bridge", () => ({ LOGS_DIR: "/proc/cctelegram" }), "cannot be made", "CC_TELEGRAM_LOGS_DIR"],
  ["standalone", () => ({ CC_TELEGRAM_LOGS_DIR: at("logs") }), "application.log cannot be", "CC_TELEGRAM_LOGS_DIR"],
  ["bridge", () => ({ CC_TELEGRAM_DATA_DIR: at("newer") }), "newer version", "CC_TELEGRAM_DATA_DIR"],
  ["bridge", () => ({ CC_TELEGRAM_DATA_DIR: at("blocked") }), "Cannot open the queue", "CC_TELEGRAM_DATA_DIR"],
];

/** Ends what does not end by itself, so that a test that fails leaves nothing behind. */
async function outcome(started: Process): Promise<{ code: number | null; told: string }> {
  const timer = setTimeout(() => started.child.kill("SIGKILL"), 60_000);
  const code = await started.exited;
  clearTimeout(timer);
  return { code, told: started.stderr() };
}

describe("a start that cannot succeed ends with 78 and one message that says what to do", () => {
  test.each(cases.map((each) => [`${each[0]}: ${each[2]} (${each[3]})`, each] as const))("%s", async (_name, each) => {
    const [role, env, expected, variable] = each;
    const { code, told } = await outcome(startProcess([role], { ...usable(role), ...env() }));
    expect({ code, told }).toEqual({ code: 78, told: expect.stringContaining(expected) });
    expect(told).toContain(variable);
    expect(told).not.toMatch(/^ +at |node:internal|Error:/m);
    expect(told).not.toContain("secret-key");
    expect(told.length).toBeLessThan(1500);
  });

  const reason = process.getuid?.() === 0 ? "" : " (not run: mounting needs root)";

  test.skipIf(reason !== "")(`a volume that is read-only, with and without a queue on it${reason}`, async () => {
    const volume = at("volume");
    await mkdir(volume);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", volume]);
    try {
      const env = { ...usable("bridge"), CC_TELEGRAM_DATA_DIR: volume };
      const remount = (mode: string) => execFileSync("mount", ["-o", `remount,${mode}`, volume]);
      const refused = { code: 78, told: expect.stringContaining("the file system is read-only (EROFS)") };
      remount("ro");
      expect(await outcome(startProcess(["bridge"], env))).toEqual(refused);
      remount("rw");
      const writer = startProcess(["bridge"], env);
      await writer.logged("ready to work");
      writer.child.kill("SIGTERM");
      await writer.exited;
      remount("ro");
      expect(await outcome(startProcess(["bridge"], env))).toEqual(refused);
    } finally {
      execFileSync("umount", [volume]);
    }
  });

  test("a queue that another process has", async () => {
    const first = startProcess(["bridge"], usable("bridge"));
    try {
      await first.logged("ready to work");
      const { code, told } = await outcome(startProcess(["bridge"], usable("bridge")));
      expect(code).toBe(78);
      expect(told).toContain("in use by another bridge");
      expect(told).not.toMatch(/^ +at /m);
    } finally {
      first.child.kill("SIGKILL");
      await first.exited;
    }
  });
});
