import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SharedLimit } from "../../../server/access/shared-limit.ts";

const windowMs = 60_000;
const at = 1_700_000_000_000;
const request = (id: string, cost = 1) => ({ id, cost, isPromised: false });

function many(limit: SharedLimit, id: string, count: number, now = at): number {
  let allowed = 0;
  for (let i = 0; i < count; i += 1) if (limit.take(request(id), now).allowed) allowed += 1;
  return allowed;
}

describe("the limit of all", () => {
  test("is for clients together, and says what is left and when there is room", () => {
    const limit = new SharedLimit({ requests: 10, windowMs });
    expect(limit.take(request("a", 4), at)).toMatchObject({ allowed: true, limit: 10, remaining: 6 });
    expect(limit.take(request("b", 2), at)).toMatchObject({ allowed: true, limit: 10, remaining: 4 });
    expect(many(limit, "a", 20)).toBe(4);
    const refused = limit.take(request("a"), at);
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.resetAt).toBeGreaterThan(at);
    expect(limit.take(request("a"), refused.resetAt)).toMatchObject({ allowed: true });
  });

  test("cannot be used up by one for another: whoever comes late has an equal share", () => {
    const limit = new SharedLimit({ requests: 100, windowMs });
    expect(many(limit, "greedy", 5000)).toBe(100);
    expect(many(limit, "late", 5000)).toBe(50);
    expect(many(limit, "later", 5000)).toBe(33);
    expect(many(limit, "greedy", 5000)).toBe(0);
  });

  test("gives the share of a client that has left to the others after a window", () => {
    const limit = new SharedLimit({ requests: 10, windowMs });
    for (const id of ["a", "b", "c", "d", "e"]) many(limit, id, 10);
    const later = at + 2 * windowMs;
    expect(many(limit, "f", 100, later)).toBe(10);
    expect(many(limit, "g", 100, later)).toBe(5);
  });

  test("refuses nothing that is promised, and counts it", () => {
    const limit = new SharedLimit({ requests: 5, windowMs });
    const promised = { id: "a", cost: 1, isPromised: true };
    for (let i = 0; i < 50; i += 1) expect(limit.take(promised, at).allowed).toBe(true);
    expect(many(limit, "b", 10)).toBe(2);
  });

  test("whatever comes when, nobody under its share is refused, and what is left is so", () => {
    const step = fc.record({ client: fc.nat(4), cost: fc.integer({ min: 1, max: 3 }), after: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const limit = new SharedLimit({ requests: 20, windowMs });
        let now = at;
        const admitted: { id: string; cost: number; now: number }[] = [];
        for (const { client, cost, after } of steps) {
          now += after;
          const id = `client-${client}`;
          const { allowed, remaining } = limit.take(request(id, cost), now);
          // A part of the window counts fully, so that it is up to a tenth longer.
          const recent = admitted.filter((one) => one.id === id && one.now > now - windowMs * 1.2);
          const own = recent.reduce((sum, one) => sum + one.cost, 0);
          if (own + cost <= 4) expect(allowed).toBe(true);
          expect(remaining).toBeGreaterThanOrEqual(0);
          if (!allowed) expect(remaining).toBe(0);
          if (allowed) admitted.push({ id, cost, now });
        }
      }),
      { numRuns: 200 },
    );
  });

  test("remembers no more clients than it may, however many come", () => {
    const limit = new SharedLimit({ requests: 1_000_000, windowMs });
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 60_000; i += 1) limit.take(request(`network-${i}`), at + (i % 5000));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });
});
