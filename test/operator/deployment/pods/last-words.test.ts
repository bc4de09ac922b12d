import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../../config/config-error.ts";
import { lastWords } from "../../../../operator/deployment/pods/last-words.ts";

test("of a structured log the message and its reason are told, without time and instance", () => {
  const line = (time: string) =>
    JSON.stringify({
      level: "fatal",
      time,
      service: "team-bridge",
      err: { message: "disk full" },
      msg: "unexpected error",
    });
  const log = (time: string) => `${JSON.stringify({ msg: "queue opened" })}\n${line(time)}\n`;
  expect(lastWords(log("2026-01-01T00:00:00.000Z"))).toBe("unexpected error: disk full");
  expect(lastWords(log("2026-01-01T00:05:07.123Z"))).toBe(lastWords(log("2026-01-01T00:00:00.000Z")));
});

test("a configuration that is wrong tells which variable", () => {
  const problem = { variable: "QUEUE_SIZE_LIMIT", problem: "is not a number", expected: "a number", example: "10" };
  const { message } = new ConfigError([problem]);
  expect(lastWords(`${message}\n`)).toMatch(
    /^The configuration cannot be used. Problems: 1 QUEUE_SIZE_LIMIT: is not a number/,
  );
});

test("of an uncaught error its message is told, not the stack", () => {
  const log =
    "file:///server.js:1\n\nError: no such thing\n    at main (file:///server.js:1:2)\n    at run\n\nNode.js v26.10.0\n";
  expect(lastWords(log)).toBe("Error: no such thing");
});

test("a time at the beginning of a line is left out, so that the same failure is told in the same words", () => {
  expect(lastWords("2026-01-01 00:00:00,123 cannot bind")).toBe("cannot bind");
  expect(lastWords("[2026/01/01 00:07:00] cannot bind")).toBe("cannot bind");
});

test.each([undefined, "", "\n \n", "    at main (x)\n"])("nothing is told of %j", (log) => {
  expect(lastWords(log)).toBeUndefined();
});

test("what is long ends, and control characters do not reach a terminal", () => {
  const told = lastWords(`bad ${"thing ".repeat(1_000)}\u001b[31m`) ?? "";
  expect(told).toHaveLength(256);
  expect(lastWords("red \u001b[31malert")).not.toContain("\u001b");
});

describe("no secret is told", () => {
  const token = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";
  const key = "0123456789abcdef".repeat(4);

  test.each([
    ["a bot token", `cannot reach https://api.telegram.org/bot${token}/getMe`, token],
    ["a key in a header", `X-API-Key: ${key} refused`, key],
    ["a bearer", "authorization: Bearer abc.def refused", "abc.def"],
    ["a password in a URL", "cannot reach http://anna:pa55@proxy:3128", "pa55"],
    ["a password with its name", "login failed, password=hunter2", "hunter2"],
    ["a secret in a record", JSON.stringify({ msg: "failed", reason: `secret ${key}` }), key],
  ])("%s", (_what, log, secret) => {
    expect(lastWords(log)).toContain("[redacted]");
    expect(lastWords(log)).not.toContain(secret);
  });

  test("no random key in any place", () => {
    const hex = fc.stringMatching(/^[0-9a-f]{64}$/).filter((text) => /[a-f]/.test(text) && /\d/.test(text));
    fc.assert(
      fc.property(hex, fc.string(), fc.string(), (secret, before, after) => {
        expect(lastWords(`${before} ${secret} ${after}`) ?? "").not.toContain(secret);
      }),
    );
  });
});
