import { describe, expect, test } from "vitest";
import {
  changesAt,
  type GeneratedValue,
  generatedValue,
  type StoredValue,
} from "../../../../operator/deployment/secrets/generated-value.ts";
import {
  annotationsOf,
  dataOf,
  storedRotation,
  storedValue,
} from "../../../../operator/deployment/secrets/stored-value.ts";

const now = Date.parse("2026-11-01T12:00:00Z");
const later = "2026-11-01T12:02:00.000Z";
const dayMs = 86_400_000;

type Rules = { readonly graceMs?: number; readonly everyDays?: number };

/** What the operator makes of a Secret while those who judge by it are told `told`. */
const made = (stored: StoredValue, told: readonly string[] = [], at = now, rules: Rules = {}) =>
  generatedValue(stored, {
    kept: (kind, value) => value ?? `new ${kind}`,
    isTold: (value) => told.includes(value),
    now: at,
    spreadMs: 120_000,
    ...rules,
  });

test("a value stays as long as nobody asks for another one", () => {
  expect(made({})).toEqual({ current: "new current" });
  expect(made({ current: "old" })).toEqual({ current: "old" });
  expect(made({ current: "old", asked: "", granted: "1" })).toEqual({ current: "old", granted: "1" });
  expect(made({ current: "old", asked: "1", granted: "1" })).toEqual({ current: "old", granted: "1" });
});

test("a wish is granted step by step: who judges is told, has time to hear it, and then the next value is the current one", () => {
  expect(made({ current: "old", asked: "2", granted: "1" })).toEqual({
    current: "old",
    next: { value: "new next" },
    granted: "1",
  });
  const told = { current: "old", next: "next", asked: "2" };
  expect(made(told, ["next"])).toEqual({ current: "old", next: { value: "next", at: later } });
  const timed = { ...told, nextAt: later };
  expect(made(timed, ["next"], now + 119_000)).toEqual({ current: "old", next: { value: "next", at: later } });
  expect(made(timed, ["next"], now + 120_000)).toEqual({ current: "next", granted: "2", since: later });
});

test("the time does not count while those who judge are not told", () => {
  const timed = { current: "old", next: "next", asked: "2", nextAt: later };
  expect(made(timed, ["old"], now + 500_000)).toEqual({ current: "old", next: { value: "next" } });
});

test("the current value, written by a person, is no next one", () => {
  const stored = { current: "old", next: "old", asked: "2", nextAt: "2026-11-01T11:00:00Z" };
  expect(made(stored, ["old"])).toEqual({ current: "old", next: { value: "new next" } });
});

test("a time that is none begins anew", () => {
  const stored = { current: "old", next: "next", asked: "2", nextAt: "soon" };
  expect(made(stored, ["next"])).toEqual({ current: "old", next: { value: "next", at: later } });
});

test("a time that a wrong clock has written does not hold up anything", () => {
  const far = "2036-11-01T12:00:00.000Z";
  const stored = { current: "old", next: "next", asked: "2", nextAt: far };
  expect(made(stored, ["next"])).toEqual({ current: "old", next: { value: "next", at: later } });
  const kept = { current: "new", previous: "old", previousUntil: far };
  expect(made(kept, [], now, { graceMs: 900_000 }).previous).toEqual({
    value: "old",
    until: "2026-11-01T12:15:00.000Z",
  });
});

test("the time of another rotation, which a restored Secret may have, is not that of the next value", () => {
  const value = made({ current: "old", next: "next", asked: "2", nextAt: "2026-10-01T12:00:00.000Z" });
  expect(annotationsOf(value)).toEqual({ "cctelegram.io/next-key-at": "" });
});

test("a wish at a Secret without a value changes nothing: its value is new anyway", () => {
  expect(made({ asked: "2" })).toEqual({ current: "new current" });
});

test("a wish that is taken back in time changes nothing", () => {
  expect(made({ current: "old", next: "next", nextAt: later }, ["next"], now + 500_000)).toEqual({ current: "old" });
});

describe("a value that is kept for a while beside its successor", () => {
  const graceMs = 900_000;
  const until = "2026-11-01T12:15:00.000Z";
  const stored = { current: "old", next: "next", nextAt: "2026-11-01T12:00:00.000Z", asked: "2" };
  const replaced = {
    current: "next",
    granted: "2",
    since: "2026-11-01T12:00:00.000Z",
    previous: { value: "old", until },
  };

  test("has an end from the moment when it is replaced, which stays", () => {
    expect(made(stored, ["next"], now, { graceMs })).toEqual(replaced);
    const after = {
      current: "next",
      previous: "old",
      previousUntil: until,
      since: replaced.since,
      asked: "2",
      granted: "2",
    };
    expect(made(after, [], now + 899_999, { graceMs })).toEqual(replaced);
    expect(made(after, [], now + 900_000, { graceMs })).toEqual({
      current: "next",
      granted: "2",
      since: replaced.since,
    });
  });

  test("is the only one: the next wish waits for its end", () => {
    const wished = { current: "next", previous: "old", previousUntil: until, asked: "3", granted: "2" };
    expect(made(wished, [], now, { graceMs })).not.toHaveProperty("next");
    expect(made(wished, [], now + 900_000, { graceMs })).toMatchObject({ next: { value: "new next" } });
  });

  test("is a person's when it has no end, and left alone", () => {
    expect(made({ current: "new", previous: "old" }, [], now, { graceMs })).toEqual({ current: "new" });
  });
});

describe("a schedule", () => {
  const createdAt = "2026-08-03T12:00:00Z";
  const dueAt = "2026-11-01T12:00:00.000Z";
  const rules = { everyDays: 90 };

  test("counts from the creation of a Secret that an older operator has made, and asks when the time has come", () => {
    expect(made({ current: "old", createdAt }, [], now - 1, rules)).toEqual({ current: "old", dueAt });
    expect(made({ current: "old", createdAt }, [], now, rules)).toEqual({
      current: "old",
      dueAt,
      next: { value: "new next" },
    });
  });

  test("counts from the last change, whoever asked for that", () => {
    const stored = { current: "old", createdAt, since: "2026-10-31T00:00:00Z" };
    expect(made(stored, [], now, rules)).not.toHaveProperty("next");
    const replaced = made({ current: "old", createdAt, next: "next", nextAt: dueAt }, ["next"], now, rules);
    expect(replaced).toEqual({ current: "next", since: dueAt, dueAt: "2027-01-30T12:00:00.000Z" });
    expect(made({ current: "next", createdAt, since: dueAt }, [], now + 89 * dayMs, rules)).not.toHaveProperty("next");
    expect(made({ current: "next", createdAt, since: dueAt }, [], now + 90 * dayMs, rules)).toHaveProperty("next");
  });

  test("is looked at in time also after the pass that has made the value: nobody tells of an own write", () => {
    const next = new Date(now + 90 * dayMs).toISOString();
    expect(made({}, [], now, rules)).toEqual({ current: "new current", dueAt: next });
    expect(
      changesAt(made({ current: "old", createdAt, next: "next", nextAt: dueAt }, ["next"], now, rules), now),
    ).toEqual([now + 90 * dayMs]);
  });

  test("does not wait for a day that a wrong clock has written", () => {
    const ahead = (days: number) => ({ current: "old", createdAt, since: new Date(now + days * dayMs).toISOString() });
    expect(made(ahead(1), [], now, rules)).not.toHaveProperty("next");
    expect(made(ahead(2), [], now, rules)).toHaveProperty("next");
  });

  test("that is met by a wish is one rotation", () => {
    const stored = { current: "old", createdAt, next: "next", nextAt: dueAt, asked: "1" };
    const replaced = made(stored, ["next"], now, rules);
    expect(replaced).toMatchObject({ current: "next", granted: "1" });
    const after = { current: "next", createdAt, since: replaced.since, asked: "1", granted: "1" };
    expect(made(after, [], now + 1, rules)).not.toHaveProperty("next");
  });
});

test("whoever stops at any write goes on there: what is stored is what is read again", () => {
  let stored: StoredValue = { current: "first", createdAt: "2026-08-03T12:00:00Z" };
  const seen: string[] = [];
  const metadata = { creationTimestamp: "2026-08-03T12:00:00Z" };
  for (let at = now; at < now + 3_000_000; at += 10_000) {
    const rules = { graceMs: 900_000, everyDays: 90 };
    const value = made(stored, stored.next ? [stored.next] : [], at, rules);
    const again = storedValue("secret", {
      secret: dataOf("secret", value),
      rotation: storedRotation({ metadata: { ...metadata, annotations: annotationsOf(value) } }),
    });
    const secrets = [value.next?.value, value.previous?.value].map((each) => (each ? "+" : "-")).join("");
    const step = `${value.current} ${secrets}`;
    if (seen.at(-1) !== step) seen.push(step);
    stored = again;
  }
  expect(seen).toEqual(["first +-", "new next -+", "new next --"]);
});

test("an annotation that is no time is none", () => {
  const annotations = { "cctelegram.io/since": "long ago", "cctelegram.io/previous-until": "soon" };
  expect(storedRotation({ metadata: { annotations } })).toEqual({});
});

test("what changes by itself is looked at again then", () => {
  const until = "2026-11-01T12:15:00.000Z";
  const moments = (value: Omit<GeneratedValue, "current">) =>
    changesAt({ current: "value", ...value }, now).map((at) => at - now);
  expect(moments({})).toEqual([]);
  expect(moments({ next: { value: "next", at: later } })).toEqual([120_000]);
  expect(moments({ next: { value: "next" } })).toEqual([1_000]);
  expect(moments({ previous: { value: "old", until } })).toEqual([900_000]);
  expect(moments({ dueAt: later })).toEqual([120_000]);
  expect(moments({ dueAt: later, previous: { value: "old", until } })).toEqual([900_000, 900_000]);
});
