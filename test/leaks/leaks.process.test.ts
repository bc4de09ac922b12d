import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formsOf, secretsOfEnvironment, secretsOfRequest } from "./known-secrets.ts";
import { leaksIn } from "./leaks.ts";
import { RECORD_VARIABLE, RecordWriter } from "./record.ts";
import { Search } from "./search.ts";

const secret = "a-planted-key-0123456789";
const program = fileURLToPath(new URL("planted.ts", import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "leaks-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a program that uses a key in one way, and shows it in another. */
function planted(where: string) {
  const env = { PATH: process.env.PATH ?? "", [RECORD_VARIABLE]: folder };
  const { status, stderr } = spawnSync(process.execPath, [program, where], { env, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return leaksIn(folder, []);
}

describe("a secret that a test has used is found", () => {
  test.each([
    ["answer", "answer"],
    ["half-answers", "answer"],
    ["output", "output"],
    ["file", "file"],
    ["log", "log"],
  ])("where it was said: %s", (where, kind) => {
    const { leaks, secrets, lost } = planted(where);
    expect(leaks).toMatchObject([{ kind, near: expect.stringContaining("(the secret)") }]);
    expect(JSON.stringify(leaks)).not.toContain(secret);
    expect({ secrets, lost }).toEqual({ secrets: 1, lost: 0 });
  });

  test("and not where nobody said it", () => {
    const { leaks, secrets, bytes } = planted("nowhere");
    expect(leaks).toEqual([]);
    expect(secrets).toBe(1);
    expect(bytes).toBeGreaterThan(0);
  });

  test.each(formsOf('a "planted" key/0123?'))("in the form %s", (form) => {
    const text = Buffer.from(`${"x".repeat(1000)}${form}${"y".repeat(1000)}`);
    expect(new Search(['a "planted" key/0123?', "another-key-0123456789"]).in(text)).toContainEqual({
      value: 'a "planted" key/0123?',
      at: 1000,
    });
  });
});

test("what is too much to keep is told", () => {
  const writer = new RecordWriter(folder, "one", 10);
  writer.said({ kind: "log", by: "a test", bytes: Buffer.from("0123456789") });
  writer.said({ kind: "log", by: "a test", bytes: Buffer.from("and more") });
  writer.flush();
  expect(leaksIn(folder, [])).toMatchObject({ bytes: 10, lost: 8 });
});

test("a place where a secret belongs is no leak, and one where there is none is told", () => {
  const writer = new RecordWriter(folder, "one", 1e6);
  writer.used([{ value: secret, use: "a header" }]);
  writer.said({ kind: "file", by: "a test keys.json", bytes: Buffer.from(`{"${secret}": {}}`) });
  writer.flush();
  const right = { reason: "it belongs there", kind: "file", by: /keys\.json$/ } as const;
  const idle = { reason: "it was there once", kind: "log" } as const;
  expect(leaksIn(folder, [right, idle])).toMatchObject({ leaks: [], unused: [idle] });
  expect(leaksIn(folder, [idle]).leaks).toHaveLength(1);
});

test("secrets are known by the variables and headers that carry them", () => {
  const key = "0123456789abcdef-key";
  const token = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";
  const valuesOf = (secrets: readonly { readonly value: string }[]) => secrets.map(({ value }) => value);
  const json = JSON.stringify({ [key]: { name: "claude" }, [`sha256:${"0123456789abcdef".repeat(4)}`]: {} });
  const files: Record<string, string> = {
    "/run/telegram": `${token}\n`,
    "/run/identity": `# created: 2026-01-01\n# public key: age1${"q3z7hjy54pw".repeat(5)}\nAGE-SECRET-KEY-1${key}\n`,
    "/run/keys": json,
  };
  const inEnvironment = (env: Record<string, string>) =>
    valuesOf(secretsOfEnvironment(env, (path) => files[path] ?? ""));
  expect(inEnvironment({ MCP_API_KEYS: json, HMAC_SECRET: key, LOG_LEVEL: "not-a-secret-at-all" })).toEqual([key, key]);
  expect(inEnvironment({ API_KEYS: `${key}, short`, TELEGRAM_BOT_TOKEN_FILE: "/run/none" })).toEqual([key]);
  expect(inEnvironment({ S3_ACCESS_KEY_ID: "the-name-of-a-backup", S3_SECRET_ACCESS_KEY: key })).toEqual([key]);
  expect(
    inEnvironment({
      TELEGRAM_BOT_TOKEN_FILE: "/run/telegram",
      RESTORE_IDENTITY_FILE: "/run/identity",
      MCP_API_KEYS_FILE: "/run/keys",
    }),
  ).toEqual([token, `AGE-SECRET-KEY-1${key}`, key]);
  expect(inEnvironment({ RESTORE_IDENTITY: files["/run/identity"] ?? "" })).toEqual([`AGE-SECRET-KEY-1${key}`]);
  const request = `POST /bot${token}/sendMessage HTTP/1.1\r\nX-API-Key: ${key}\r\nauthorization: Bearer ${key}1\r\n\r\n`;
  expect(valuesOf(secretsOfRequest(request))).toEqual([key, `${key}1`, token]);
  const password = Buffer.from(`admin:${key}:2`).toString("base64");
  expect(valuesOf(secretsOfRequest(`GET / HTTP/1.1\r\nAuthorization: Basic ${password}\r\n\r\n`))).toEqual([
    `${key}:2`,
  ]);
});
