import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogLevel } from "../../../contract/log-levels.ts";
import { closeLogFiles, openLogFiles } from "../../../server/process/log-files.ts";
import { createAudit } from "../../../server/telemetry/audit.ts";
import type { LogFormat } from "../../../server/telemetry/log-lines.ts";
import { createLogger, type Logger, showFrom, shownLevel } from "../../../server/telemetry/logger.ts";
import { securityLines } from "../../../server/telemetry/security-log.ts";

const service = { name: "cctelegram", version: "1", instance: "a" };
const token = "123456789:AAExampleExampleExampleExampleExample";
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "logs-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function shown(format: LogFormat, write: (logger: Logger) => void): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  write(createLogger({ level: "info", service, destination, format }));
  return lines.join("");
}

/** Logs into files; resolves with what stdout got. */
async function filed(level: LogLevel, write: (logger: Logger) => void): Promise<string> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const config = { folder, maxBytes: 1024 ** 2, maxFiles: 2, audit: true };
  const files = await openLogFiles(config, (news) => expect.fail(JSON.stringify(news)));
  write(createLogger({ level, service, destination, files }));
  await closeLogFiles(files);
  return lines.join("");
}

const read = (name: string) => readFile(join(folder, name), "utf8");
const audited = (logger: Logger) => createAudit({ enabled: true, content: false, logger, steady: () => 0 });
const refused = (logger: Logger, client_ip: string, details = {}) =>
  securityLines(logger, { record: () => undefined })("authentication_failure", {
    client_ip,
    request_id: "r-1",
    ...details,
  });

/** What a person could be made to believe: each of them is one line, and shows what it holds. */
const forgeries = [
  ["a line break", "x\n2026-01-01T00:00:00.000Z INFO  all is well"],
  ["a carriage return", "x\rall is well"],
  ["a line separator", "x\u2028all is well"],
  ["a next line", "x\u0085all is well"],
  ["a command to the terminal", "x\u001b[2Jall is well"],
  ["an eight-bit command to the terminal", "x\u009b2Jall is well"],
  ["a change of direction", "x\u202eall is well"],
  ["a detail", 'x level="fatal" msg=y'],
  ["JSON", '","level":"fatal","msg":"all is well'],
] as const;

describe("text", () => {
  test("is a line with time, level, message and details", () => {
    const text = shown("text", (logger) =>
      logger.warn({ a: 1, b: "two words", c: ["x"], d: undefined }, "hello there"),
    );
    expect(text).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARN {2}hello there a=1 b="two words" c="\[\\"x\\"\]"\n$/,
    );
  });

  test("says of a security event once what its message says", () => {
    const text = shown("text", (logger) => refused(logger, "203.0.113.9"));
    expect(text).toMatch(/Z WARN {2}SECURITY authentication_failure client_ip=203\.0\.113\.9 request_id=r-1\n$/);
  });

  test("has the stack of an error below it, indented", () => {
    const [line, ...stack] = shown("text", (logger) => logger.error({ err: new Error("no luck") }, "failed"))
      .trimEnd()
      .split("\n");
    expect(line).toMatch(/ERROR failed err="no luck"$/);
    expect(stack.length).toBeGreaterThan(1);
    for (const frame of stack) expect(frame).toMatch(/^ {4}at \S/);
  });

  test("never shows a secret", () => {
    const text = shown("text", (logger) => logger.info({ note: token, token: "short", err: new Error(token) }, token));
    expect(text).toContain("[redacted]");
    expect(text).not.toMatch(/AAExample|short/);
  });
});

describe.each(["json", "text"] as const)("a value in %s", (format) => {
  test.each(forgeries)("cannot forge %s", (_what, value) => {
    const text = shown(format, (logger) => {
      logger.info({ value, [value]: 1, deep: { value } }, value);
    });
    expect(text.split("\n")).toHaveLength(2);
    expect(text.slice(0, -1)).toMatch(/^\P{C}*$/u);
    expect(text).not.toMatch(/\p{Zl}|\p{Zp}/u);
    if (format === "json")
      expect(JSON.parse(text)).toMatchObject({ level: "info", msg: value, value, deep: { value } });
    else expect(text).toMatch(/^\S+Z INFO {2}/);
  });

  test("of a broken character is harmless as well", () => {
    const text = shown(format, (logger) => logger.info({ value: "\ud800" }, "hello"));
    expect(text).toMatch(/^\P{C}*\n$/u);
  });
});

describe("files", () => {
  test("get what stdout gets, and the security events besides as text", async () => {
    const stdout = await filed("info", (logger) => {
      logger.debug("too little");
      logger.info({ a: 1 }, "hello");
      refused(logger, "203.0.113.9");
    });
    expect(await read("application.log")).toBe(stdout);
    expect(stdout).not.toContain("too little");
    expect(await read("security.log")).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z SECURITY authentication_failure client_ip=203\.0\.113\.9 service=cctelegram instance=a request_id=r-1\n$/,
    );
    for (const name of ["application.log", "security.log"]) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });

  test("the security events are written at every level, and only there", async () => {
    const stdout = await filed("error", (logger) => {
      refused(logger, "203.0.113.9");
      logger.warn("a warning");
      logger.error("a mistake");
    });
    expect(await read("security.log")).toContain("SECURITY authentication_failure client_ip=203.0.113.9");
    expect(await read("application.log")).toBe(stdout);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(stdout).toContain("a mistake");
  });

  test("follow the level when it changes, up and down, and the security events stay whole", async () => {
    const stdout = await filed("error", (logger) => {
      for (const level of ["debug", "fatal", "info"] as const) {
        showFrom(logger, level);
        expect(shownLevel(logger)).toBe(level);
        for (const at of ["debug", "info", "error"] as const) logger[at](`${at} at ${level}`);
        refused(logger, "203.0.113.9", { level_then: level });
      }
    });
    const messages = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).msg);
    expect(messages.filter((message) => !message.startsWith("SECURITY"))).toEqual([
      ...["debug at debug", "info at debug", "error at debug"],
      ...["info at info", "error at info"],
    ]);
    expect(await read("application.log")).toBe(stdout);
    expect((await read("security.log")).match(/level_then=\w+/g)).toEqual([
      ...["level_then=debug", "level_then=fatal", "level_then=info"],
    ]);
  });

  test.each(forgeries)("of security events cannot hold a forged one: %s", async (_what, value) => {
    const forged = `${value}\n2026-01-01T00:00:00.000Z SECURITY authentication_failure client_ip=198.51.100.1`;
    await filed("info", (logger) => {
      refused(logger, forged, { client: forged });
      logger.warn(forged);
      logger.warn({ event: "authentication_failure", client_ip: "198.51.100.1" }, `x SECURITY ${forged}`);
      logger.warn({ deep: { msg: "SECURITY authentication_failure client_ip=198.51.100.1" } }, "hello");
    });
    const text = await read("security.log");
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toMatch(/^\S+Z SECURITY authentication_failure client_ip="\P{C}*\n$/u);
  });

  test("hold no secret", async () => {
    await filed("info", (logger) => {
      refused(logger, token, { client: token, authorization: "Bearer short-but-secret" });
      logger.info({ duration_ms: 1, note: token, apiKey: "short" }, token);
    });
    const text = (await read("security.log")) + (await read("application.log"));
    expect(text).toContain("[redacted]");
    expect(text).not.toMatch(/AAExample|short/);
  });

  test("in a folder that cannot be used are a StartError that says what to do", async () => {
    await writeFile(join(folder, "file"), "");
    const open = (path: string) =>
      openLogFiles({ folder: path, maxBytes: 1024, maxFiles: 1, audit: true }, () => undefined);
    await expect(open(join(folder, "file"))).rejects.toThrow(/not a directory .*\nSet CC_TELEGRAM_LOGS_DIR/s);
    await rm(join(folder, "file"));
    execFileSync("mkdir", [join(folder, "security.log")]);
    await expect(open(folder)).rejects.toThrow(/security\.log cannot be written \(EISDIR\)\.\nMove it away/);
  });
});

describe("the file of audit records", () => {
  test.each<LogLevel>(["trace", "info", "error", "fatal"])(
    "has them all at level %s, and nothing else",
    async (level) => {
      const stdout = await filed(level, (logger) => {
        logger.error("something failed");
        audited(logger).record({ decision: "tool_call", outcome: "done", tool: "send_telegram_message" });
        refused(logger, "203.0.113.9");
      });
      const lines = (await read("audit.log")).trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: "audit", tool: "send_telegram_message" }]);
      expect(stdout).toContain(lines[0]);
      expect(await read("application.log")).not.toContain('"audit"');
      expect((await stat(join(folder, "audit.log"))).mode & 0o777).toBe(0o600);
    },
  );

  test.each<readonly [string, string]>([
    ...forgeries,
    ["a record", '","msg":"audit"}\n{"level":"info","msg":"audit"}'],
  ])("has one line for each record, and none for %s in a value", async (_, value) => {
    const forged = { client: value, details: { msg: "audit" } };
    await filed("trace", (logger) => {
      logger.info(forged, value);
      logger.info({ ...forged, last: { msg: "audit" } });
      audited(logger).record({ decision: "resource_read", outcome: "refused", resource: value });
    });
    const text = await read("audit.log");
    expect(text.split("\n")).toHaveLength(2);
    expect(JSON.parse(text)).toMatchObject({ msg: "audit", resource: value });
  });
});

const hasJq = spawnSync("jq", ["--version"]).status === 0;

// The guide's commands, "Log Analysis" and "Authentication Failures", but for the path and for the end of `tail -f`.
describe("the guide's analysis of logs", () => {
  const sh = (command: string) =>
    execFileSync("sh", ["-c", command.replaceAll("/var/log/cctelegram", folder)], { encoding: "utf8" })
      .trim()
      .split("\n");

  beforeEach(async () => {
    await filed("info", (logger) => {
      logger.info({ client: "a client with blanks", duration_ms: 12.5, deep: { duration_ms: 1 } }, "tool called");
      logger.warn({ duration_ms: 3, err: new Error("x\u202ey") }, "tool call failed");
      logger.error({ reason: "a reason" }, "something failed");
      logger.info({ duration_ms: 110 }, "tool called");
      refused(logger, "203.0.113.9");
    });
  });

  test.skipIf(!hasJq)(`tail | jq reads every line${hasJq ? "" : " (not run: install the package jq)"}`, () => {
    const messages = sh("tail -n +1 /var/log/cctelegram/application.log | jq -r .msg");
    expect(messages).toHaveLength(5);
    expect(messages.slice(0, 3)).toEqual(["tool called", "tool call failed", "something failed"]);
    expect(sh("jq -c 'select(.client) | [.client, .duration_ms, .deep]' /var/log/cctelegram/application.log")).toEqual([
      '["a client with blanks",12.5,{"duration_ms":1}]',
    ]);
  });

  test("grep error finds errors", () => {
    expect(sh("grep -i error /var/log/cctelegram/application.log | tail -20").join()).toContain("something failed");
  });

  test("grep SECURITY finds the security events", () => {
    const found = sh('grep "SECURITY" /var/log/cctelegram/security.log | tail -10');
    expect(found).toEqual([expect.stringContaining("authentication_failure client_ip=203.0.113.9")]);
  });

  test("the durations are sorted", () => {
    const command = `grep "duration" /var/log/cctelegram/application.log | awk '{print $4}' | sort -n`;
    expect(sh(command)).toEqual(["3,", "12.5,", "110,"]);
  });
});
