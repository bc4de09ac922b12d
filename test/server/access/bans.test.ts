import { beforeEach, describe, expect, test } from "vitest";
import { Bans } from "../../../server/access/bans.ts";
import type { Client } from "../../../server/access/client.ts";

const hour = 3_600_000;
const rules = {
  enabled: true,
  failures: { strikes: 2, windowMs: 1000, banMs: hour },
  limits: { strikes: 2, windowMs: 1000, banMs: hour / 2 },
};
const client = (id: string): Client => ({ id, name: `client-${id}`, permissions: new Set(["*"]) });
const at = (address: string) => ({ address, requestId: "r1", transport: "rest" as const });
const start = Date.parse("2030-01-01T00:00:00Z");

let clock: number;
let steady: number;
let events: object[];

const open = (changes: object = {}) =>
  new Bans({
    bans: { ...rules, ...changes },
    security: (event, details) => events.push({ event, ...details }),
    clock: () => clock,
    steady: () => steady,
  });

beforeEach(() => {
  clock = start;
  steady = 5000;
  events = [];
});

describe("bans", () => {
  test("last as long as the steady clock says, also when the wall clock is set back or ahead", () => {
    const bans = open();
    for (let count = 0; count < 2; count += 1) bans.failed(at("203.0.113.7"));
    steady += hour - 1;
    for (const moved of [start - 10 * hour, start + 10 * hour]) {
      clock = moved;
      expect(bans.refusalOfStranger(at("203.0.113.7"))?.details).toMatchObject({
        retry_after: 1,
        banned_until: new Date(moved + 1).toISOString(),
      });
    }
    steady += 1;
    expect(bans.refusalOfStranger(at("203.0.113.7"))).toBeUndefined();
  });

  test("concern a key where it exceeded its limit, not elsewhere, not other keys, and not strangers", () => {
    const bans = open();
    for (let count = 0; count < 2; count += 1) bans.exceeded(client("a"), at("2001:db8::1"));
    expect(bans.refusalOf(client("a"), at("2001:db8::2"))?.code).toBe("ADDRESS_BANNED");
    expect(bans.refusalOf(client("a"), at("2001:db8:0:1::1"))).toBeUndefined();
    expect(bans.refusalOf(client("b"), at("2001:db8::1"))).toBeUndefined();
    expect(bans.refusalOfStranger(at("2001:db8::1"))).toBeUndefined();
    expect(bans.counts()).toEqual({ authentication_failures: 0, exceeded_limits: 1 });
    steady += hour / 2;
    expect(bans.refusalOf(client("a"), at("2001:db8::2"))).toBeUndefined();
  });

  test("of strangers and of keys at one address are told apart, and lifted together", () => {
    const bans = open();
    for (let count = 0; count < 2; count += 1) {
      bans.failed(at("203.0.113.7"));
      bans.exceeded(client("a"), at("203.0.113.7"));
    }
    expect(bans.list().map(({ reason, client: name }) => [reason, name])).toEqual([
      ["authentication_failures", undefined],
      ["exceeded_limits", "client-a"],
    ]);
    expect(events).toMatchObject([
      { event: "ban", client_ip: "203.0.113.7", reason: "authentication_failures", seconds: "3600" },
      { event: "ban", client_ip: "203.0.113.7", reason: "exceeded_limits", client: "client-a", seconds: "1800" },
    ]);
    expect([bans.lift("203.0.113.8"), bans.lift("203.0.113.7")]).toEqual([0, 2]);
    expect(bans.list()).toEqual([]);
  });

  test("say until when, in Unix time", () => {
    const bans = open();
    for (let count = 0; count < 2; count += 1) bans.failed(at("203.0.113.7"));
    steady += 60_000;
    clock += 60_000;
    expect(bans.list()).toMatchObject([{ since: start, until: start + hour }]);
  });

  test("concern nobody whose connection is gone, and nobody at all when they are off", () => {
    const [on, off] = [open(), open({ enabled: false })];
    for (let count = 0; count < 5; count += 1) {
      on.failed(at(""));
      off.failed(at("203.0.113.7"));
      off.exceeded(client("a"), at("203.0.113.7"));
    }
    expect([...on.list(), ...off.list()]).toEqual([]);
  });
});
