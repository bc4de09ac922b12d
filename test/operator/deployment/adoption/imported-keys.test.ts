import { describe, expect, test } from "vitest";
import { hashedKey } from "../../../../contract/api-key.ts";
import { foundKeysIn, importedKeys } from "../../../../operator/deployment/adoption/imported-keys.ts";
import { apiKeysSecret } from "../../../../operator/deployment/desired/secrets.ts";
import { blueprint, specOf } from "../support/blueprint.ts";
import { resource } from "../support/snapshot.ts";

const key = (letter: string) => letter.repeat(64);
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** What adoption.apiKeys makes of a Secret. */
const imported = (data: Record<string, string>, ref: object = {}) => {
  const found = foundKeysIn(Object.fromEntries(Object.entries(data).map(([name, text]) => [name, base64(text)])));
  const spec = specOf({ adoption: { apiKeys: { name: "cctelegram-secrets", ...ref } } });
  return importedKeys(resource({ spec }), { get: async () => found });
};

describe("keys of a former installation", () => {
  test("of MCP_API_KEYS are accepted with the names and permissions that they have there", async () => {
    const guide = {
      [key("a")]: { name: "claude-production", permissions: ["send_telegram_event"], enabled: true },
      [key("b")]: { name: "former", permissions: ["*"], enabled: false, description: "of another program" },
    };
    expect(await imported({ MCP_API_KEYS: JSON.stringify(guide), TELEGRAM_BOT_TOKEN: "123456789:AAExample" })).toEqual({
      file: {
        [hashedKey(key("a"))]: { name: "claude-production", permissions: ["send_telegram_event"], enabled: true },
        [hashedKey(key("b"))]: { name: "former", permissions: ["*"], enabled: false },
      },
    });
  });

  test("of API_KEYS have no permission but those that the resource gives them", async () => {
    const data = { API_KEYS: `${key("a")},${key("b")}\n` };
    const entry = (name: string, permissions: string[]) => ({ name, permissions, enabled: true });
    expect((await imported(data, { key: "API_KEYS" })).file).toEqual({
      [hashedKey(key("a"))]: entry("imported-1", []),
      [hashedKey(key("b"))]: entry("imported-2", []),
    });
    const { file } = await imported(data, { key: "API_KEYS", permissions: ["*"] });
    expect(Object.values(file)).toContainEqual(entry("imported-2", ["*"]));
  });

  test.each([
    ["nothing", ""],
    ["something else", "<html>"],
    ["a list", JSON.stringify([key("a")])],
    ["an entry without a name", JSON.stringify({ [key("a")]: { permissions: ["*"] } })],
    ["a key that anybody guesses", JSON.stringify({ abc: { name: "a" } })],
    ["a name that clients with tokens have", JSON.stringify({ [key("a")]: { name: "oauth:a" } })],
    ["the operator's name", JSON.stringify({ [key("a")]: { name: "cctelegram-operator", permissions: ["*"] } })],
    ["too many", Array.from({ length: 101 }, (_, index) => `${index}`.padStart(20, "k")).join()],
  ])("that are %s are a problem with what to do, and none is accepted", async (_, text) => {
    const { file, problem } = await imported({ MCP_API_KEYS: text });
    expect(file).toEqual({});
    expect(problem).toMatch(/cctelegram-secrets .*MCP_API_KEYS.*adoption\.apiKeys/);
  });

  test("are kept as hashes only", () => {
    const found = foundKeysIn({ API_KEYS: base64(key("a")) });
    expect(JSON.stringify([...found])).not.toContain(key("a"));
  });
});

test("a client that is declared keeps its own entry, also when its key was imported", () => {
  const clients = [{ name: "claude", permissions: ["send_telegram_message"] }];
  const spec = specOf({ server: { auth: { clients } }, adoption: { apiKeys: { name: "s" } } });
  const own = hashedKey(key("7"));
  const file = {
    [own]: { name: "claude", permissions: ["*"] },
    [hashedKey(key("d"))]: { name: "claude", permissions: ["*"] },
  };
  const keys = new Map([["claude", { current: key("7") }]]);
  const before = [{ client: "claude", hash: hashedKey(key("d")), expires: "2026-12-01T00:00:00.000Z" }];
  const { object } = apiKeysSecret(blueprint(spec, { imported: { file }, keys, previousKeys: before }));
  const { data } = object as unknown as { data: Record<string, string> };
  const written = JSON.parse(Buffer.from(data["api-keys.json"]!, "base64").toString());
  expect(written[own]).toMatchObject({ permissions: ["send_telegram_message"] });
  // Imported ones do not end like those of before.
  expect(written[hashedKey(key("d"))]).toEqual({ name: "claude", permissions: ["*"] });
});
