import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  ApiKeysError,
  findClient,
  parseApiKeys,
  parseApiKeysVariable,
  unknownPermissions,
} from "../../../server/access/api-keys.ts";

const key = "0123456789abcdef0123456789abcdef";
const hash = createHash("sha256").update(key).digest("hex");

function reason(text: string, parse = parseApiKeys): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ApiKeysError) return error.message;
  }
  throw new Error("the keys were accepted");
}

describe("API keys", () => {
  test.each([key, `sha256:${hash}`, `sha256:${hash.toUpperCase()}`])("are found when written as %s", (written) => {
    const keys = parseApiKeys(JSON.stringify({ [written]: { name: "claude", permissions: ["a"], enabled: true } }));
    expect(findClient(keys, key)).toEqual({
      id: hash.slice(0, 16),
      keyDigest: hash,
      name: "claude",
      permissions: new Set(["a"]),
    });
    expect(findClient(keys, `${key} `)).toBeUndefined();
    expect(findClient(keys, hash)).toBeUndefined();
    expect(findClient(keys, "")).toBeUndefined();
  });

  test("are enabled and may do nothing unless it is said", () => {
    const keys = parseApiKeys(`{"${key}":{"name":"a"},"${key}x":{"name":"b","enabled":false}}`);
    expect(findClient(keys, key)?.permissions.size).toBe(0);
    expect(findClient(keys, `${key}x`)).toBeUndefined();
  });

  test("may be plain keys between commas, which may do everything", () => {
    const keys = parseApiKeysVariable(`${key}, ${key}2\n`);
    expect(findClient(keys, `${key}2`)).toMatchObject({ permissions: new Set(["*"]) });
  });

  test("between commas may be hashes, and each keeps its name wherever it stands, so that no key takes another's place", () => {
    const nameIn = (text: string) => findClient(parseApiKeysVariable(text), key)?.name;
    const name = `client-${hash.slice(0, 8)}`;
    expect(nameIn(`${key}2,${key}`)).toBe(name);
    expect(nameIn(`${key}3,sha256:${hash}`)).toBe(name);
    expect(nameIn(key)).toBe(name);
    expect(findClient(parseApiKeysVariable(`${key}2,${key}`), `${key}2`)?.name).not.toBe(name);
  });

  test("have a limit of their own when it is said", () => {
    const limitIn = (limit: object) =>
      findClient(parseApiKeys(JSON.stringify({ [key]: { name: "a", limit } })), key)?.limit;
    expect(limitIn({ requests: 5 })).toEqual({ requests: 5 });
    expect(limitIn({ requests: 5, window: 10 })).toEqual({ requests: 5, windowMs: 10_000 });
    expect(findClient(parseApiKeys(`{"${key}":{"name":"a"}}`), key)).not.toHaveProperty("limit");
    for (const wrong of [
      {},
      { requests: 0 },
      { requests: 1.5 },
      { requests: 1, per: 60 },
      { requests: 1, window: 0 },
    ]) {
      expect(() => limitIn(wrong)).toThrow(/limit/);
    }
  });

  test.each([
    ["", "no keys"],
    ["{", "not valid JSON"],
    [`{"${key}":{}}`, "name"],
    [`{"${key}":{"name":"a","permissions":"all"}}`, "permissions"],
    ['{"too-short":{"name":"a"}}', "'a' is shorter than 16"],
    [`{"sha256:${hash.slice(1)}":{"name":"a"}}`, "hash of 'a' is not 64 hex digits"],
    [`{"${key} x":{"name":"a"}}`, "'a' holds blanks"],
    [`{"${key}":{"name":"a","expires":"tomorrow"}}`, "expires: must be a time such as"],
    [`{"${key}":{"name":"a","enabled":"false"}}`, "enabled"],
    [`{"${key}":{"name":"a","enable":false}}`, "enable"],
    [`{"${key}":{"name":"oauth:anna:0123"}}`, "name: must not begin with oauth:"],
  ])("%j are refused for a reason without a key", (text, part) => {
    expect(reason(text)).toContain(part);
    expect(reason(text)).not.toContain(key);
    expect(reason(text)).not.toContain("too-short");
  });

  test.each([
    ["a list of objects", `[{"key":"${key}","permissions":["send_telegram_message"]}]`],
    ["a JSON string", `"${key}"`],
    ["YAML", `- key: ${key}\n  permissions: [send_telegram_message]`],
    ["plain keys", `${key},${key}2`],
    ["a comment", `# keys of the team\n{"${key}":{"name":"a"}}`],
    ["an error page", "<!DOCTYPE html><html><body>502 Bad Gateway from proxy.example</body></html>"],
    ["a hash alone", `sha256:${hash}`],
    ["null", "null"],
  ])("%s in a file is refused", (_what, text) => {
    expect(reason(text)).toMatch(/no JSON object|not valid JSON/);
    expect(reason(text)).not.toContain(key);
  });

  test.each([
    [`[{"key":"${key}"}]`, "no JSON object"],
    [`${key},,`, "key 2 is shorter than 16"],
    [`${key},${key}`, "have the same key"],
    [`${key},sha256:${hash}`, "have the same key"],
    [`sha256:${hash.slice(1)}`, "hash of key 1 is not 64 hex digits"],
    [`# comment of some length\n${key}`, "key 1 holds other characters"],
    [`- ${key}`, "key 1 holds other characters"],
    ["<html><body>Not Found</body></html>", "key 1 holds other characters"],
  ])("the variable with %j is refused", (text, part) => {
    expect(reason(text, parseApiKeysVariable)).toContain(part);
    expect(reason(text, parseApiKeysVariable)).not.toContain(key);
  });

  test.each([
    [
      "one hash in two cases",
      `{"sha256:${hash}":{"name":"a","enabled":false},"sha256:${hash.toUpperCase()}":{"name":"b"}}`,
    ],
    ["a key and its hash", `{"${key}":{"name":"a"},"sha256:${hash}":{"name":"b","enabled":false}}`],
  ])("%s are the same key: both names are told", (_what, text) => {
    expect(reason(text)).toBe("'a' and 'b' have the same key");
  });

  test.each([
    `{"${key}":{"name":"a"},"${key}":{"name":"b"}}`,
    `{"${key}":{"name":"a","enabled":false,"enabled":true}}`,
    `{"${key}":{"name":"a"},"\\u0030${key.slice(1)}" :{"name":"b"}}`,
  ])("a name that stands twice is refused: JSON would take the last", (text) => {
    expect(reason(text)).toContain("stands twice");
  });

  test("one client may have two keys, so that one can be replaced by the other without a gap", () => {
    const keys = parseApiKeys(`{"${key}":{"name":"a"},"${key}2":{"name":"a","permissions":["x"]}}`);
    expect(findClient(keys, key)?.name).toBe("a");
    expect(findClient(keys, `${key}2`)?.name).toBe("a");
  });

  test("a key knows when it expires", () => {
    const keys = parseApiKeys(`{"${key}":{"name":"a","expires":"2026-06-30T12:00:00+02:00"}}`);
    expect(findClient(keys, key)?.expiresAt).toBe(Date.UTC(2026, 5, 30, 10));
  });

  test("permissions that name no tool are found", () => {
    const keys = parseApiKeys(`{"${key}":{"name":"a","permissions":["*","send_mesage","send"]}}`);
    expect(unknownPermissions(keys, new Set(["send"]))).toEqual(["send_mesage"]);
  });
});
