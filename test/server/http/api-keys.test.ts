import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ApiKeysError, findClient, parseApiKeys } from "../../../server/http/api-keys.ts";

const key = "0123456789abcdef0123456789abcdef";
const hash = createHash("sha256").update(key).digest("hex");

function reason(text: string): string {
  try {
    parseApiKeys(text);
  } catch (error) {
    if (error instanceof ApiKeysError) return error.message;
  }
  throw new Error("the keys were accepted");
}

describe("API keys", () => {
  test.each([key, `sha256:${hash}`, `sha256:${hash.toUpperCase()}`])("are found when written as %s", (written) => {
    const keys = parseApiKeys(JSON.stringify({ [written]: { name: "claude", permissions: ["a"], enabled: true } }));
    expect(findClient(keys, key)).toEqual({ id: hash.slice(0, 16), name: "claude", permissions: new Set(["a"]) });
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
    const keys = parseApiKeys(`${key}, ${key}2\n`);
    expect(findClient(keys, `${key}2`)).toMatchObject({ name: "client-2", permissions: new Set(["*"]) });
  });

  test.each([
    ["", "no keys"],
    ["{", "not valid JSON"],
    [`{"${key}":{}}`, "name"],
    [`{"${key}":{"name":"a","permissions":"all"}}`, "permissions"],
    ['{"too-short":{"name":"a"}}', "'a' is shorter than 16"],
    [`${key},,`, "'client-2' is shorter than 16"],
  ])("%j are refused for a reason without a key", (text, part) => {
    expect(reason(text)).toContain(part);
    expect(reason(text)).not.toContain(key);
    expect(reason(text)).not.toContain("too-short");
  });
});
