import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Breaker } from "../../../../server/bridge/pacing/breaker.ts";
import { type FailureCause, failureCauses } from "../../../../server/bridge/telegram/outcome.ts";

function broken(threshold = 3, cause: FailureCause = "server_error") {
  const trips: FailureCause[] = [];
  const breaker = new Breaker(threshold, (each) => trips.push(each));
  for (let failure = 0; failure < threshold; failure += 1) breaker.failed(cause, 0);
  return { breaker, trips };
}

describe("the breaker", () => {
  test("sends until as many requests in a row have failed as the threshold says, and tells it once", () => {
    const { breaker, trips } = broken(3);
    expect(breaker.gate(0)).toEqual({ until: 1_000 });
    expect(trips).toEqual(["server_error"]);
    const almost = new Breaker(3);
    for (const cause of ["server_error", "server_error"] as const) almost.failed(cause, 0);
    expect(almost.gate(0)).toBe("open");
    almost.answered();
    almost.failed("server_error", 0);
    expect(almost.gate(0)).toBe("open");
  });

  test("counts each kind of failure by itself", () => {
    const breaker = new Breaker(3);
    for (const cause of ["connection", "timeout", "server_error", "connection", "timeout"] as const)
      breaker.failed(cause, 0);
    expect(breaker.gate(0)).toBe("open");
    breaker.failed("timeout", 0);
    expect([0, 999, 1_000].map((now) => breaker.state(now))).toEqual([2, 2, 1]);
    breaker.answered();
    expect(breaker.state(0)).toBe(0);
  });

  test("lets one find out after the pause; each that fails doubles it up to a minute, one that succeeds ends it", () => {
    const { breaker } = broken();
    let now = 1_000;
    const pauses: number[] = [];
    for (let probe = 0; probe < 8; probe += 1) {
      expect(breaker.gate(now)).toBe("one");
      breaker.failed("server_error", now);
      const gate = breaker.gate(now);
      if (typeof gate !== "object") throw new Error("it does not wait");
      pauses.push(gate.until - now);
      now = gate.until;
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    breaker.answered();
    expect(breaker.gate(now)).toBe("open");
    breaker.failed("server_error", now);
    expect(breaker.gate(now)).toBe("open");
  });

  test("is not kept waiting for longer by what was under way when it stopped", () => {
    const { breaker } = broken();
    for (let late = 0; late < 10; late += 1) breaker.failed("server_error", 500);
    expect(breaker.gate(500)).toEqual({ until: 1_000 });
  });

  test("never waits for more than a minute, whatever happens", () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 90_000 }),
      cause: fc.constantFrom(...failureCauses, undefined),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 100 }), (threshold, steps) => {
        const breaker = new Breaker(threshold);
        let now = 0;
        for (const { ms, cause } of steps) {
          now += ms;
          if (cause === undefined) breaker.answered();
          else breaker.failed(cause, now);
          const gate = breaker.gate(now);
          if (typeof gate === "object") expect(gate.until - now).toBeLessThanOrEqual(60_000);
        }
      }),
    );
  });
});
