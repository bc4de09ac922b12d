import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type CommandError, run } from "../../machine/command.mjs";
import { type Process, startProcess } from "../server/support/process.ts";
import { startTelegram, type TelegramServer } from "../telegram/telegram.ts";

const environment = inject("schemathesis");
const python = "python" in environment ? environment.python : "";
const obstacle = "obstacle" in environment ? ` (not run: there is ${environment.obstacle})` : "";
const source = join(import.meta.dirname, "schemathesis");
const withinMs = 280_000;

const key = randomBytes(32).toString("hex");
/** One client sends what many would in a day, from one address. */
const unlimited = {
  MCP_ENABLE_RATE_LIMIT: "false",
  MCP_ENABLE_BANS: "false",
  QUEUE_CLIENT_SHARE: "100",
  TELEGRAM_RATE_LIMIT_PER_CHAT: "30",
};

/** What Schemathesis has found, and the statuses that it was answered. */
type Report = {
  readonly complete: boolean;
  readonly operations: { readonly total: number; readonly tested: number };
  readonly test_cases: { readonly generated: number; readonly errored: number };
  readonly failures: readonly object[];
};

type Archive = { readonly log: { readonly entries: readonly { readonly response: { readonly status: number } }[] } };

describe.skipIf(obstacle !== "")(`requests that Schemathesis makes of openapi.json${obstacle}`, () => {
  let folder: string;
  let telegram: TelegramServer;
  let program: Process;
  let http: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cctelegram-schemathesis-"));
    telegram = await startTelegram({ limits: false });
    program = startProcess(["standalone"], {
      TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
      TELEGRAM_ALLOWED_USERS: "1001",
      TELEGRAM_API_URL: telegram.url,
      CC_TELEGRAM_DATA_DIR: join(folder, "data"),
      MCP_SERVER_PORT: "0",
      METRICS_ENABLED: "false",
      MCP_API_KEYS: JSON.stringify({ [key]: { name: "schemathesis", permissions: ["*"], enabled: true } }),
      ...unlimited,
    });
    ({ http = "" } = await program.logged("ready to work"));
  });

  afterAll(async () => {
    program.child.kill("SIGKILL");
    await program.exited;
    await telegram.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function examine(name: string, options: readonly string[], env: Record<string, string> = {}) {
    const report = join(folder, `${name}.json`);
    const archive = join(folder, `${name}.har`);
    const reports = ["--report", "json,har", "--report-json-path", report, "--report-har-path", archive];
    const command = ["-I", "-B", "-m", "schemathesis.cli", "--config-file", join(source, "schemathesis.toml"), "run"];
    const ended = await run(python, [...command, `${http}/openapi.json`, "--no-color", ...reports, ...options], {
      env: { PATH: process.env.PATH, HOME: folder, SCHEMATHESIS_HOOKS: join(source, "hooks.py"), ...env },
      // It keeps a cache where it runs.
      cwd: folder,
      timeoutMs: withinMs,
    }).catch((error: CommandError) => Promise.reject(new Error(error.output)));
    expect(ended).toContain("No issues found");
    const { failures, ...rest }: Report = JSON.parse(await readFile(report, "utf8"));
    const { log }: Archive = JSON.parse(await readFile(archive, "utf8"));
    expect(failures).toEqual([]);
    expect(rest).toMatchObject({ complete: true, test_cases: { errored: 0 } });
    const counts: Record<string, number> = {};
    for (const { response } of log.entries) counts[response.status] = (counts[response.status] ?? 0) + 1;
    console.info(`${name}: ${rest.test_cases.generated} cases, answered ${JSON.stringify(counts)}`);
    return { counts, cases: rest.test_cases.generated, ...rest.operations };
  }

  test(
    "are answered as it says, by thousands, and never with an error of the server's own",
    async () => {
      const options = ["-H", `X-API-Key: ${key}`, "--phases", "examples,coverage,fuzzing,stateful", "-n", "40"];
      const { cases, tested, total, counts } = await examine("with a right key", options);
      expect(tested).toBe(total);
      expect(cases).toBeGreaterThan(3_000);
      expect(Object.keys(counts).filter((status) => Number(status) >= 500 || status === "429")).toEqual([]);
      expect(counts[200]).toBeGreaterThan(1_000);
      expect(counts[400]).toBeGreaterThan(500);
      expect(telegram.delivered().length).toBeGreaterThan(50);
      expect(telegram.violations()).toEqual([]);
    },
    withinMs,
  );

  test.each([
    ["without a key", []],
    ["with a wrong key", ["-H", `X-API-Key: ${"0".repeat(64)}`]],
  ])(
    "%s are refused whatever they hold, and learn nothing",
    async (name, header) => {
      const before = telegram.received().length;
      const options = [...header, "--phases", "coverage", "--exclude-checks", "missing_required_header"];
      const { counts } = await examine(name, options, { EXPECT: "refusals" });
      expect(counts[401]).toBeGreaterThan(500);
      expect(telegram.received().length).toBe(before);
    },
    withinMs,
  );
});
