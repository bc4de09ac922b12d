import fc from "fast-check";
import { expect, test } from "vitest";
import { hashedKey } from "../../../../contract/api-key.ts";
import { fileIn, hmacGraceMs, names, SecretsStage, spreadMs, type Version } from "./support.ts";

type Change = { readonly what: string; readonly to: (stage: SecretsStage) => void };

const claude = names.connection("claude");
const codex = names.connection("codex");
const everyone = [{ name: "claude" }, { name: "codex" }];

const own = { name: "claude", keySecretRef: { name: "mine" } };
const anySecret = fc.constantFrom(claude, codex, names.hmac, names.dashboard);
const someSecrets = fc.subarray([claude, codex, names.hmac, names.apiKeys, names.dashboard]);
const broughtKey = "k".repeat(32);

function named<T>(what: string, values: fc.Arbitrary<T>, to: (stage: SecretsStage, value: T) => void) {
  return values.map((value): Change => ({ what: `${what} ${JSON.stringify(value)}`, to: (stage) => to(stage, value) }));
}

type Fields = Partial<SecretsStage["fields"]>;

function spec(stage: SecretsStage, fields: Fields): void {
  Object.assign(stage.fields, fields);
  stage.step();
}

const passes = named("pass", fc.constantFrom(1, 30, 121, 400, 1000), (stage, seconds) => stage.pass(seconds));

/** What may happen without a gap for any client. */
const smooth: fc.Arbitrary<Change> = fc.oneof(
  named("ask", fc.tuple(anySecret, fc.constantFrom("1", "2", "3")), (stage, [name, wish]) => stage.ask(name, wish)),
  named("take back", anySecret, (stage, name) => stage.ask(name, undefined)),
  named("refuse", someSecrets, (stage, refused) => {
    stage.refused = new Set(refused);
    stage.step();
  }),
  named("crash after", fc.nat(4), (stage, crashesAfter) => void Object.assign(stage, { crashesAfter })),
  named("restart", fc.constant(""), (stage) => stage.restart()),
  named("pause", fc.boolean(), (stage, isPaused) => {
    stage.isPaused = isPaused;
    stage.step();
  }),
  named("grace", fc.constantFrom(300, 3600), (stage, rotationGraceSeconds) =>
    spec(stage, { auth: { ...stage.fields.auth, rotationGraceSeconds } }),
  ),
  named("days", fc.constantFrom(undefined, 1, 30), (stage, rotationDays) =>
    spec(stage, {
      auth: { ...stage.fields.auth, rotationDays },
      bridge: { hmacRotationDays: rotationDays },
      monitoring: { dashboard: { mode: "Enabled", rotationDays } },
    }),
  ),
  named("delete", fc.constantFrom(claude, codex, names.dashboard), (stage, name) => stage.delete(name)),
  named("write a key", fc.constant(claude), (stage, name) =>
    stage.edit(name, { data: { key: `written-${stage.passes}`.padEnd(40, "k") } }),
  ),
);

const rough: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: smooth },
  {
    weight: 3,
    arbitrary: fc.oneof(
      named("clients", fc.constantFrom([], everyone, [own], [own, everyone[1]!]), (stage, clients) =>
        spec(stage, { clients }),
      ),
      named("brought", fc.constantFrom(undefined, broughtKey, "l".repeat(32), "unread"), (stage, key) => {
        if (key === undefined) stage.brought.delete("mine");
        else stage.brought.set("mine", key);
        stage.step();
      }),
      named("dashboard", fc.constantFrom("Enabled", "Disabled"), (stage, mode) =>
        spec(stage, { monitoring: { dashboard: { mode } } }),
      ),
      named("no grace", fc.constantFrom(0, 60), (stage, rotationGraceSeconds) =>
        spec(stage, { auth: { ...stage.fields.auth, rotationGraceSeconds } }),
      ),
      named("delete", fc.constantFrom(names.hmac, names.apiKeys), (stage, name) => stage.delete(name)),
      // Of each another one: two clients with the same key are one to whoever checks it.
      named("write next", fc.tuple(anySecret, fc.boolean()), (stage, [name, isThere]) =>
        stage.edit(name, { data: { next: isThere ? name.padEnd(40, "n") : undefined } }),
      ),
      named("write previous", fc.constantFrom(undefined, "p".repeat(40)), (stage, previous) =>
        stage.edit(names.hmac, { data: { previous } }),
      ),
      named(
        "write a time",
        fc.tuple(
          anySecret,
          fc.constantFrom("next-key-at", "since", "previous-until"),
          fc.constantFrom(undefined, "never", "2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z"),
        ),
        (stage, [name, annotation, time]) =>
          stage.edit(name, { annotations: { [`cctelegram.io/${annotation}`]: time } }),
      ),
      named("spoil the file", fc.constantFrom("", "{}", "[", "null"), (stage, text) =>
        stage.edit(names.apiKeys, { data: { "api-keys.json": text } }),
      ),
      named("clock off by", fc.constantFrom(0, 600, -600, 86_400, -86_400, 3e7), (stage, seconds) => {
        stage.skewMs = seconds * 1000;
        stage.step();
      }),
    ),
  },
);

const historyOf = (change: fc.Arbitrary<Change>) =>
  fc.array(fc.oneof({ weight: 2, arbitrary: change }, { weight: 1, arbitrary: passes }), { maxLength: 25 });

/** Each is some hundred reconciles. */
const numRuns = 12;

function begun(from: Beginning): SecretsStage {
  const stage = new SecretsStage();
  stage.fields = { ...stage.fields, clients: everyone, monitoring: { dashboard: { mode: "Enabled" } } };
  stage.step();
  // So that a schedule asks at once.
  stage.pass(2 * 86_400);
  if (from !== "settled") for (const name of [claude, codex, names.hmac, names.dashboard]) stage.ask(name, "0");
  if (from !== "settled") stage.pass(from === "told" ? 60 : 130);
  return stage;
}

type Beginning = "settled" | "told" | "replaced";
const beginning = fc.constantFrom<Beginning>("settled", "told", "replaced");

const said = (history: readonly Change[]) => history.map(({ what }) => what).join(", ");

function settle(stage: SecretsStage): void {
  Object.assign(stage, { refused: new Set(), isPaused: false, crashesAfter: undefined, skewMs: 0 });
  stage.step();
}

/** The one that counts. */
const valueIn = (data: Readonly<Record<string, string>>) => data.key ?? data.secret ?? data.password;

const spans = (versions: readonly Version[], end: number) =>
  versions.map(({ from, data }, index) => ({ from, to: versions[index + 1]?.from ?? end, data, index }));

/** Times in which somebody reads one version of one Secret, and somebody else one of another. */
function overlaps(one: readonly Version[], other: readonly Version[], end: number) {
  return spans(one, end).flatMap((a) =>
    spans(other, end).flatMap((b) => {
      const from = Math.max(a.from, b.from);
      const to = Math.min(a.to + spreadMs, b.to + spreadMs, end);
      return from < to ? [{ one: a, other: b, from, to }] : [];
    }),
  );
}

function expectAccepted(stage: SecretsStage, name: string, history: string): void {
  const files = stage.versions.get(names.apiKeys) ?? [];
  const held = stage.versions.get(name) ?? [];
  for (const { one, other, to } of overlaps(held, files, stage.now)) {
    const { key } = one.data;
    if (key === undefined) continue;
    const hash = hashedKey(key);
    const isRotated = held.slice(0, one.index).some(({ data }) => data.next === key);
    // Another one that is simply there is told when it is there.
    const known = files.findIndex(({ data }) => fileIn(data)[hash] !== undefined);
    if (!isRotated && (known === -1 || other.index < known)) continue;
    const file = fileIn(other.data);
    const entry = file[hash];
    // Of a client whose key changes again and again the three latest are kept, one of which its Secret may still name.
    const keys = Object.values(file).filter((one) => names.connection(one.name) === name);
    if (entry === undefined && keys.length >= 4) continue;
    const end = entry === undefined ? 0 : Date.parse(entry.expires ?? "9999-01-01T00:00:00Z");
    expect(end, `${name} ${key} ${history}`).toBeGreaterThanOrEqual(to);
  }
}

test("a client that has read its Secret is accepted by servers that have read theirs, at each moment", () => {
  fc.assert(
    fc.property(beginning, historyOf(smooth), (from, history) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      stage.pass(300);
      for (const name of [claude, codex]) expectAccepted(stage, name, said(history));
    }),
    { numRuns },
  );
});

test("server and bridge understand each other whenever they have read the secret between them", () => {
  fc.assert(
    fc.property(beginning, historyOf(smooth), (from, history) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      stage.pass(1000);
      const versions = stage.versions.get(names.hmac) ?? [];
      for (const { one, other } of overlaps(versions, versions, stage.now)) {
        const { secret, next, previous } = other.data;
        expect([secret, next, previous], said(history)).toContain(one.data.secret);
      }
    }),
    { numRuns },
  );
});

test("whatever happened, each wish is granted once, and nothing is left of the way there", () => {
  fc.assert(
    fc.property(beginning, historyOf(rough), (from, history) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      stage.fields = { clients: everyone, auth: {}, bridge: {}, monitoring: { dashboard: { mode: "Enabled" } } };
      settle(stage);
      // A person's value stays until that person removes it.
      stage.edit(names.hmac, { data: { previous: undefined } });
      stage.pass(10);
      const all = [claude, codex, names.hmac, names.dashboard];
      const before = all.map((name) => stage.versions.get(name)!.length - 1);
      for (const name of all) stage.ask(name, "last");
      stage.pass((2 * spreadMs + 2 * hmacGraceMs) / 1000 + 300);
      for (const [index, name] of all.entries()) {
        const values = stage.versions
          .get(name)!
          .slice(before[index])
          .map(({ data }) => valueIn(data));
        expect(new Set(values).size, `${name} of ${said(history)}`).toBe(2);
        const { data, annotations } = stage.live.get(name)!;
        expect(annotations["cctelegram.io/rotated"]).toBe("last");
        expect(data).not.toHaveProperty("next");
        expect(data, said(history)).not.toHaveProperty("previous");
      }
      const keys = [claude, codex].map((name) => hashedKey(stage.live.get(name)!.data.key!));
      const entries = Object.entries(stage.file);
      expect(entries.filter(([, { name }]) => name !== "cctelegram-operator").map(([hash]) => hash)).toEqual(keys);
      expect(entries).toHaveLength(3);
      expect(stage.wakesAt, said(history)).toBeUndefined();
    }),
    { numRuns },
  );
});

test("whatever happened, a schedule is kept by the operator's own timers, and there is no pass without need", () => {
  fc.assert(
    fc.property(beginning, historyOf(rough), (from, history) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      settle(stage);
      stage.fields = {
        clients: everyone,
        auth: { rotationDays: 2 },
        bridge: { hmacRotationDays: 2 },
        monitoring: { dashboard: { mode: "Enabled", rotationDays: 2 } },
      };
      stage.step();
      stage.pass(2.1 * 86_400);
      const all = [claude, codex, names.hmac, names.dashboard];
      const before = stage.passes;
      stage.pass(2.1 * 86_400);
      expect(stage.passes - before).toBeLessThan(60);
      for (const name of all) {
        const { data, from } = stage.versions.get(name)!.at(-1)!;
        const since = stage.versions.get(name)!.find((version) => valueIn(version.data) === valueIn(data))!.from;
        expect(stage.now - since, `${name} ${from} of ${said(history)}`).toBeLessThan(2.1 * 86_400_000);
      }
    }),
    { numRuns },
  );
});

test("a key that is no client's any more ends in its time of grace", () => {
  fc.assert(
    fc.property(beginning, historyOf(rough), fc.constantFrom(0, 300), (from, history, rotationGraceSeconds) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      settle(stage);
      spec(stage, { auth: { rotationGraceSeconds } });
      stage.pass(10);
      const values = [...stage.live].flatMap(([, { data }]) => [data.key, data.next].map((key) => key ?? ""));
      const present = new Set([...values, stage.brought.get("mine") ?? ""].map(hashedKey));
      for (const [hash, { name, expires }] of Object.entries(stage.file)) {
        expect(
          stage.fields.clients.map((client) => (client as { name: string }).name).concat("cctelegram-operator"),
        ).toContain(name);
        if (present.has(hash) || name === "cctelegram-operator" || stage.brought.get("mine") === "unread") continue;
        expect(Date.parse(expires ?? "9999-01-01T00:00:00Z"), said(history)).toBeLessThanOrEqual(
          stage.now + rotationGraceSeconds * 1000,
        );
      }
    }),
    { numRuns },
  );
});

test("a key stays valid as long as its Secret names it: the write of the next one may be refused", () => {
  const stage = begun("settled");
  stage.ask(claude, "1");
  stage.refused = new Set([claude]);
  stage.pass(1000);
  const { key = "" } = stage.live.get(claude)!.data;
  expect(stage.file[hashedKey(key)]).not.toHaveProperty("expires");
  stage.refused = new Set();
  stage.pass(90);
  stage.refused = new Set([claude]);
  stage.pass(1000);
  expect(stage.live.get(claude)!.data.key).toBe(key);
  expect(stage.file[hashedKey(key)]).toMatchObject({ name: "claude" });
});
