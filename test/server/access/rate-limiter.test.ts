import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimiter } from "../../../server/access/rate-limiter.ts";

const limit = { requests: 3, windowMs: 1000, blockMs: 5000 };
const windows = fc.integer({ min: 1, max: 2000 });
/** Crowded and spread, at the beginning of all time and now. */
const requestTimes = fc
  .tuple(
    fc.constantFrom(0, 1_700_000_000_000),
    fc.constantFrom(10, 5000).chain((most) => fc.array(fc.nat(most), { minLength: 1, maxLength: 100 })),
  )
  .map(([first, times]) => times.map((at) => first + at).sort((a, b) => a - b));

describe("rate limiter", () => {
  test("lets the limit through and then blocks for the whole block", () => {
    const limiter = new RateLimiter(limit);
    expect([0, 1, 2].map((at) => limiter.take("a", at).remaining)).toEqual([2, 1, 0]);
    expect(limiter.take("a", 3)).toMatchObject({ allowed: false, resetAt: 5003 });
    expect(limiter.take("a", 4000).allowed).toBe(false);
    expect(limiter.take("a", 5003).allowed).toBe(true);
  });

  test("does not let one key use up another's requests", () => {
    const limiter = new RateLimiter(limit);
    for (let at = 0; at < 5; at++) limiter.take("a", at);
    expect(limiter.take("b", 5).allowed).toBe(true);
  });

  test("counts over the edge of two windows", () => {
    const limiter = new RateLimiter({ ...limit, blockMs: 0 });
    for (const at of [0, 999, 999]) expect(limiter.take("a", at).allowed).toBe(true);
    expect(limiter.take("a", 1001)).toMatchObject({ allowed: false, resetAt: 1100 });
    expect(limiter.take("a", 1100).allowed).toBe(true);
    expect(limiter.take("a", 1101)).toMatchObject({ allowed: false, resetAt: 2000 });
  });

  test("goes on counting when the clock is set back", () => {
    const limiter = new RateLimiter({ ...limit, blockMs: 0 });
    for (const at of [5000, 1000, 1000]) expect(limiter.take("a", at).allowed).toBe(true);
    expect(limiter.take("a", 1000).allowed).toBe(false);
  });

  test("forgets the key that was unused for longest, not one in use", () => {
    const limiter = new RateLimiter({ ...limit, requests: 1 }, 2);
    limiter.take("a", 0);
    limiter.take("b", 1);
    limiter.take("a", 2);
    limiter.take("c", 3);
    expect(limiter.take("a", 4).allowed).toBe(false);
    expect(limiter.take("b", 5).allowed).toBe(true);
  });

  test("never lets more than the limit through in any window, at whatever times requests come", () => {
    fc.assert(
      fc.property(windows, requestTimes, (windowMs, times) => {
        const limiter = new RateLimiter({ requests: 5, windowMs, blockMs: 0 });
        const passed = times.filter((at) => limiter.take("a", at).allowed);
        return passed.every((at, index) => index < 5 || at - passed[index - 5]! >= windowMs);
      }),
    );
  });

  test("lets requests through again as soon as it promises", () => {
    fc.assert(
      fc.property(windows, requestTimes, (windowMs, times) => {
        const limiter = new RateLimiter({ requests: 5, windowMs, blockMs: 0 });
        const decisions = times.map((at) => limiter.take("a", at));
        return limiter.take("a", Math.max(times.at(-1)!, decisions.at(-1)!.resetAt)).allowed;
      }),
    );
  });

  test("does so for requests in the first part of all time, and in windows that ten does not divide", () => {
    for (const [windowMs, at] of [
      [1000, 0],
      [1004, 1_700_000_000_368 - 1054],
    ] as const) {
      const limiter = new RateLimiter({ requests: 1, windowMs, blockMs: 0 });
      limiter.take("a", at);
      expect(limiter.take("a", limiter.take("a", at).resetAt)).toMatchObject({ allowed: true, remaining: 0 });
    }
  });
});
