import { describe, expect, test } from "vitest";
import { hashedKey } from "../../../../contract/api-key.ts";
import { apiKeysSecret } from "../../../../operator/deployment/desired/secrets.ts";
import { untilSecretsChange } from "../../../../operator/deployment/secrets/changes.ts";
import { type GeneratedValue, valuesIn } from "../../../../operator/deployment/secrets/generated-value.ts";
import { previousKeys } from "../../../../operator/deployment/secrets/previous-keys.ts";
import { blueprint, specOf } from "../support/blueprint.ts";

const now = Date.parse("2026-11-01T12:00:00.250Z");
const inFiveMinutes = "2026-11-01T12:05:00.250Z";
const hour = 3_600_000;

const entry = (name: string, fields: object = {}) => ({ name, permissions: ["*"], enabled: true, ...fields });
const fileOf = (entries: Record<string, object>) =>
  JSON.stringify(Object.fromEntries(Object.entries(entries).map(([key, value]) => [hashedKey(key), value])));

type Client = { readonly name: string; readonly [field: string]: unknown };
const authOf = (clients: readonly Client[], fields: object = {}) =>
  specOf({ server: { auth: { clients, ...fields } } }).server.auth;

const hashesOf = (keys: Record<string, string>) => new Set(Object.values(keys).map(hashedKey));

const nothing: ReadonlySet<string> = new Set();

const found = (stored: string | undefined, keys: Record<string, string>, fields: object = {}, at = now) => {
  const clients = Object.keys(keys).map((name) => ({ name }));
  return previousKeys(stored, { auth: authOf(clients, fields), present: hashesOf(keys), held: nothing, now: at });
};

describe("a key that is no more the client's", () => {
  test("stays valid for the time of grace", () => {
    expect(found(fileOf({ old: entry("claude") }), { claude: "new" })).toEqual([
      { client: "claude", hash: hashedKey("old"), expires: inFiveMinutes },
    ]);
    expect(found(fileOf({ old: entry("claude") }), { claude: "new" }, { rotationGraceSeconds: 3600 })).toMatchObject([
      { expires: "2026-11-01T13:00:00.250Z" },
    ]);
  });

  test("keeps its end from then on, however often the operator looks", () => {
    const stored = fileOf({ new: entry("claude"), old: entry("claude", { expires: inFiveMinutes }) });
    for (const later of [0, 500, 1000, 240_000]) {
      expect(found(stored, { claude: "new" }, {}, now + later)).toMatchObject([{ expires: inFiveMinutes }]);
    }
    expect(found(stored, { claude: "new" }, {}, Date.parse(inFiveMinutes))).toEqual([]);
  });

  test("ends earlier when the time of grace is shortened, and at once without any", () => {
    const stored = fileOf({ old: entry("claude", { expires: inFiveMinutes }) });
    expect(found(stored, { claude: "new" }, { rotationGraceSeconds: 60 })).toMatchObject([
      { expires: "2026-11-01T12:01:00.250Z" },
    ]);
    expect(found(stored, { claude: "new" }, { rotationGraceSeconds: 0 })).toEqual([]);
  });

  test("is no key again that had ended before, nor after the end of the client's keys", () => {
    const past = fileOf({ old: entry("claude", { expires: "2026-11-01T11:59:00Z" }) });
    expect(found(past, { claude: "new" })).toEqual([]);
    const expires = "2026-11-01T12:01:00Z";
    const auth = authOf([{ name: "claude", expires }]);
    const present = hashesOf({ claude: "new" });
    expect(previousKeys(fileOf({ old: entry("claude") }), { auth, present, held: nothing, now })).toMatchObject([
      { expires: "2026-11-01T12:01:00.000Z" },
    ]);
  });

  test("is one of three at most, the latest", () => {
    const end = (minutes: number) => ({ expires: new Date(now + minutes * 60_000).toISOString() });
    const names = ["a", "b", "c", "d", "e"];
    const stored = fileOf(Object.fromEntries(names.map((name, index) => [name, entry("claude", end(index + 1))])));
    const kept = found(stored, { claude: "new" }, { rotationGraceSeconds: 3600 }).map(({ hash }) => hash);
    expect(kept).toEqual(["e", "d", "c"].map(hashedKey));
  });

  test("is kept before others that were rotated some milliseconds earlier", () => {
    const end = (ms: number) => ({ expires: new Date(now + 300_000 + ms).toISOString() });
    const earlier = ["a", "b", "c"].map((name, index) => [name, entry("claude", end(index))]);
    const stored = fileOf({ ...Object.fromEntries(earlier), latest: entry("claude") });
    const kept = found(stored, { claude: "new" }, {}, now + 3).map(({ hash }) => hash);
    expect(kept).toEqual(["latest", "c", "b"].map(hashedKey));
  });
});

describe("a key that the client's Secret still names", () => {
  const stored = fileOf({ old: entry("claude", { expires: inFiveMinutes }) });
  const heldAt = (at: number, fields: object = {}) =>
    previousKeys(stored, {
      auth: authOf([{ name: "claude", ...fields }]),
      present: hashesOf({ claude: "new" }),
      held: hashesOf({ claude: "old" }),
      now: at,
    });

  test("does not end while the write of the next one is refused", () => {
    for (const at of [now, now + hour]) {
      const expires = new Date(at + 300_000).toISOString();
      expect(heldAt(at)).toEqual([{ client: "claude", hash: hashedKey("old"), expires, isHeld: true }]);
    }
    const [previous] = heldAt(now + hour);
    const spec = specOf({ server: { auth: { clients: [{ name: "claude" }] } } });
    const { data } = apiKeysSecret(blueprint(spec, { previousKeys: [previous!] })).object as unknown as {
      data: Record<string, string>;
    };
    const file = JSON.parse(Buffer.from(data["api-keys.json"] ?? "", "base64").toString());
    expect(file[hashedKey("old")]).toEqual({ name: "claude", permissions: [], enabled: true });
  });

  test("ends with the keys of the client", () => {
    expect(heldAt(now + hour, { expires: "2026-11-01T12:30:00Z" })).toEqual([]);
  });
});

describe("no key of before", () => {
  test("is the one that takes the present one's place next", () => {
    const present = hashesOf({ claude: "present", next: "next" });
    const stored = fileOf({ present: entry("claude"), next: entry("claude") });
    expect(previousKeys(stored, { auth: authOf([{ name: "claude" }]), present, held: nothing, now })).toEqual([]);
  });

  test("is the present one, that of a client who was removed, or that of the operator", () => {
    const stored = fileOf({
      present: entry("claude"),
      removed: entry("codex"),
      operator: entry("cctelegram-operator", { permissions: [] }),
    });
    expect(found(stored, { claude: "present", "cctelegram-operator": "its own" })).toEqual([]);
  });

  test("is what is no entry of the file", () => {
    for (const stored of [undefined, "", "no JSON", "[]", "null", '{"sha256:ab": {"name": "claude"}}']) {
      expect(found(stored, { claude: "new" })).toEqual([]);
    }
    const plain = JSON.stringify({ "a-plain-key-of-somebody": entry("claude"), [hashedKey("old")]: { name: 7 } });
    expect(found(plain, { claude: "new" })).toEqual([]);
  });
});

test("a file that was written with them gives the same file again", () => {
  const spec = specOf({ server: { auth: { clients: [{ name: "claude" }, { name: "codex" }] } } });
  const write = (stored: string | undefined, at: number) => {
    const one = blueprint(spec);
    const present = new Set([...one.keys.values()].flatMap(valuesIn).map(hashedKey));
    const previous = previousKeys(stored, { auth: spec.server.auth, present, held: nothing, now: at });
    const { data } = apiKeysSecret({ ...one, previousKeys: previous }).object as unknown as {
      data: Record<string, string>;
    };
    return Buffer.from(data["api-keys.json"] ?? "", "base64").toString();
  };
  const first = write(fileOf({ old: entry("claude"), older: entry("codex") }), now);
  expect(Object.keys(JSON.parse(first))).toHaveLength(5);
  expect(write(first, now + 1_000)).toBe(first);
  expect(Object.keys(JSON.parse(write(first, now + hour)))).toHaveLength(3);
});

const changing = (ends: readonly string[], key: GeneratedValue, fields: object = {}) => ({
  spec: specOf(fields),
  hmac: { current: "secret" },
  dashboard: undefined,
  keys: new Map([["claude", key]]),
  previousKeys: ends.map((expires) => ({ client: "claude", hash: hashedKey("old"), expires })),
});

test("what is due and may not be written is no reason to look again, and what comes is", () => {
  const until = (key: GeneratedValue, ends: readonly string[] = []) =>
    untilSecretsChange(changing(ends, key), { now, mayWrite: false, failures: [] });
  expect(until({ current: "present", next: { value: "next" }, dueAt: "2026-10-01T00:00:00Z" })).toBeUndefined();
  expect(until({ current: "present", dueAt: "2026-10-01T00:00:00Z" }, ["2026-10-01T00:00:00Z"])).toBeUndefined();
  expect(until({ current: "present", dueAt: "2026-11-01T13:00:00.250Z" })).toBe(hour);
});

test("what is due and was refused is tried again in its own time", () => {
  const until = (key: GeneratedValue, failures: readonly unknown[]) =>
    untilSecretsChange(changing([], key), { now, mayWrite: true, failures });
  for (const next of [{ value: "next" }, { value: "next", at: "2026-11-01T12:00:00.250Z" }]) {
    expect(until({ current: "present", next }, [])).toBeLessThanOrEqual(1000);
    expect(until({ current: "present", next }, [new Error("refused")])).toBeUndefined();
  }
});

test("the operator looks again when the first of them ends, a next value's time comes, or a key is about to end, and at least once a day", () => {
  const until = (ends: readonly string[], next?: GeneratedValue["next"], fields: object = {}) =>
    untilSecretsChange(changing(ends, { current: "present", ...(next ? { next } : {}) }, fields), {
      now,
      mayWrite: true,
      failures: [],
    });
  expect(until([])).toBeUndefined();
  expect(until(["2026-11-01T13:00:00.250Z", "2026-11-01T12:00:01.250Z"])).toBe(1000);
  expect(until(["2026-11-01T13:00:00.250Z"], { value: "next", at: "2026-11-01T12:00:00.750Z" })).toBe(500);
  expect(until([], { value: "next" })).toBe(1000);
  expect(until(["2026-12-01T00:00:00Z"])).toBe(24 * hour);
  const ending = (expires: string) => ({ server: { auth: { clients: [{ name: "claude", expires }] } } });
  expect(until([], undefined, ending("2026-11-08T13:00:00.250Z"))).toBe(hour);
  expect(until([], undefined, ending("2026-11-01T14:00:00.250Z"))).toBe(2 * hour);
  expect(until([], undefined, ending("2026-10-01T00:00:00Z"))).toBeUndefined();
});
