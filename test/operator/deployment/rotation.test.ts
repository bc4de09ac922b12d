import { expect, test } from "vitest";
import { clientKey, type StoredKey } from "../../../operator/deployment/rotation.ts";

const now = Date.parse("2026-11-01T12:00:00Z");
const later = "2026-11-01T12:02:00.000Z";

/** What the operator makes of a connection Secret while the servers are told `told`. */
const made = (stored: StoredKey, told: readonly string[] = [], at = now) =>
  clientKey(stored, {
    kept: (kind, value) => value ?? `new ${kind}`,
    isTold: (key) => told.includes(key),
    now: at,
    spreadMs: 120_000,
  });

test("a key stays as long as nobody asks for another one", () => {
  expect(made({})).toEqual({ key: "new key" });
  expect(made({ key: "old" })).toEqual({ key: "old" });
  expect(made({ key: "old", asked: "", granted: "1" })).toEqual({ key: "old", granted: "1" });
  expect(made({ key: "old", asked: "1", granted: "1" })).toEqual({ key: "old", granted: "1" });
});

test("a wish is granted step by step: the servers are told, have time to hear it, and then the key is the client's", () => {
  expect(made({ key: "old", asked: "2", granted: "1" })).toEqual({
    key: "old",
    next: { key: "new next" },
    granted: "1",
  });
  const told = { key: "old", next: "next", asked: "2" };
  expect(made(told, ["next"])).toEqual({ key: "old", next: { key: "next", at: later } });
  const timed = { ...told, nextAt: later };
  expect(made(timed, ["next"], now + 119_000)).toEqual({ key: "old", next: { key: "next", at: later } });
  expect(made(timed, ["next"], now + 120_000)).toEqual({ key: "next", granted: "2" });
});

test("the time does not count while the servers are not told", () => {
  const timed = { key: "old", next: "next", asked: "2", nextAt: later };
  expect(made(timed, ["old"], now + 500_000)).toEqual({ key: "old", next: { key: "next" } });
});

test("a time that is none begins anew", () => {
  const stored = { key: "old", next: "next", asked: "2", nextAt: "soon" };
  expect(made(stored, ["next"])).toEqual({ key: "old", next: { key: "next", at: later } });
});

test("a wish at a Secret without a key changes nothing: its key is new anyway", () => {
  expect(made({ asked: "2" })).toEqual({ key: "new key" });
});
