import { describe, expect, test } from "vitest";
import { createLogger } from "../../../server/telemetry/logger.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
const service = { name: "cctelegram", version: "1", instance: "a" };

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = "";
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  write(createLogger({ level: "info", service, destination }));
  return text;
}

describe("log", () => {
  test("is JSON with level, time and service", () => {
    const line = JSON.parse(logged((logger) => logger.info({ a: 1 }, "hello")));
    expect(line).toMatchObject({
      level: "info",
      service: "cctelegram",
      version: "1",
      instance: "a",
      a: 1,
      msg: "hello",
    });
    expect(new Date(line.time).getTime()).not.toBeNaN();
  });

  test.each([
    ["the URL of an error", { err: new Error(`POST https://api.telegram.org/bot${token}/sendMessage failed`) }],
    ["the URL of a cause", { err: new Error("failed", { cause: new Error(`/bot${token}/getMe`) }) }],
    ["any text", { note: `token is ${token}` }],
    ["the beginning of a line", { note: `failed:\n${token}\nBearer abcdefgh.short.token` }],
    ["a field named token", { token: "short" }],
    ["a nested header", { headers: { authorization: "Bearer short", "x-api-key": "short" } }],
    ["the credentials of a URL", { note: "proxy http://user:short@words@proxy.example:3128 failed" }],
    ["a bearer token in a text", { note: "authorization: Bearer abcdefgh.short.token" }],
  ])("never shows a secret in %s", (_case, details) => {
    const text = logged((logger) => logger.info(details, "something happened"));
    expect(text).toContain("[redacted]");
    expect(text).not.toContain("AAExample");
    expect(text).not.toContain("short");
  });

  test("keeps what only resembles a token", () => {
    const text = logged((logger) =>
      logger.info({ at: "2026-01-01T10:20:30Z", address: "127.0.0.1:8080" }, "12345:67890"),
    );
    expect(text).not.toContain("[redacted]");
  });
});
