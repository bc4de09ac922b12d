import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FIRST_POLL,
  type PollResult,
  type PollState,
  planAfter,
} from "../../../../server/bridge/receiving/poll-plan.ts";

const steadily = { now: 1_000_000, random: () => 0, restMs: 0 };

function delays(result: PollResult, times: number, stepMs = 0): number[] {
  const found: number[] = [];
  let state: PollState = FIRST_POLL;
  let { now } = steadily;
  for (let n = 0; n < times; n += 1) {
    const plan = planAfter(result, state, { ...steadily, now });
    state = plan.state;
    now += stepMs;
    found.push(plan.delayMs);
  }
  return found;
}

const error = "403: no";
const conflict: PollResult = { kind: "conflict", with: "poller", error };
const answered = (fresh: number, tookMs: number): PollResult => ({ kind: "answered", fresh, tookMs });

describe("the next request for updates", () => {
  test("follows at once on an answer, however often", () => {
    expect(delays(answered(3, 0), 3)).toEqual([0, 0, 0]);
    expect(delays(answered(0, 25_000), 3)).toEqual([0, 0, 0]);
  });

  test("waits a second when answers bring nothing and do not wait: no loop takes the processor", () => {
    expect(delays(answered(0, 5), 3)).toEqual([1_000, 1_000, 1_000]);
  });

  test("waits longer and longer while somebody else asks, and as at first after five minutes of peace", () => {
    expect(delays(conflict, 6)).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(delays(conflict, 2, 300_001)).toEqual([5_000, 5_000]);
  });

  test("an answer in between does not end a quarrel: both get through in turn", () => {
    const first = planAfter(conflict, FIRST_POLL, steadily);
    const between = planAfter(answered(1, 10), first.state, { ...steadily, now: steadily.now + 6_000 });
    expect(planAfter(conflict, between.state, { ...steadily, now: steadily.now + 9_000 }).delayMs).toBe(10_000);
  });

  test("waits as long as Telegram asks for", () => {
    expect(delays({ kind: "rate_limited", retryAfterMs: 1_386_000, error }, 2)).toEqual([1_386_000, 1_386_000]);
  });

  test("waits half a minute for another token", () => {
    expect(delays({ kind: "unauthorized", error }, 2)).toEqual([30_000, 30_000]);
  });

  test("asks on as ever while Telegram cannot call: Telegram itself answers", () => {
    expect(planAfter({ kind: "undelivered", error }, FIRST_POLL, { ...steadily, restMs: 20_000 }).delayMs).toBe(20_000);
  });

  test("backs off from 1 s to 60 s while Telegram is away, or the disk takes nothing", () => {
    for (const kind of ["unreachable", "not_stored"] as const) {
      expect(delays({ kind, error }, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }
  });

  test("is never more often than once a second in any history without updates", () => {
    const quick = fc.constantFrom<PollResult>(
      answered(0, 0),
      conflict,
      { kind: "unauthorized", error },
      { kind: "unreachable", error },
      { kind: "not_stored", error },
      { kind: "undelivered", error },
      { kind: "rate_limited", retryAfterMs: 1_000, error },
    );
    fc.assert(
      fc.property(
        fc.array(quick, { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (results, chance) => {
          let state = FIRST_POLL;
          let now = 0;
          for (const result of results) {
            const plan = planAfter(result, state, { now, random: () => chance, restMs: 0 });
            state = plan.state;
            now += plan.delayMs;
            expect(plan.delayMs).toBeGreaterThanOrEqual(750);
            expect(plan.delayMs).toBeLessThanOrEqual(60_000);
          }
        },
      ),
    );
  });
});
