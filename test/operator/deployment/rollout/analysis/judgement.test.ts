import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Counters } from "../../../../../operator/deployment/rollout/analysis/counters.ts";
import {
  between,
  judged,
  type Limits,
  percentileOf,
} from "../../../../../operator/deployment/rollout/analysis/judgement.ts";
import { advanced, type Progress } from "../../../../../operator/deployment/rollout/analysis/windows.ts";

const all = Number.POSITIVE_INFINITY;

/** `slow` of the calls took between one second and ten. */
const pod = (calls: number, { errors = 0, slow = 0, startedAt = 1 } = {}): Counters => ({
  startedAt,
  calls,
  errors,
  durations: new Map([
    [1, calls - slow],
    [10, calls],
    [all, calls],
  ]),
});
const reading = (...pods: Counters[]) => new Map(pods.map((each, at) => [`pod-${at}`, each]));

describe("between two readings", () => {
  test("what each pod has counted is added up", () => {
    const counts = between(
      reading(pod(10), pod(5, { errors: 1 })),
      reading(pod(30, { errors: 2 }), pod(6, { errors: 1 })),
    );
    expect(counts).toMatchObject({ calls: 21, errors: 2 });
    expect(counts.durations.get(all)).toBe(21);
  });

  test.each([
    ["tells of another start", pod(50, { startedAt: 2 })],
    ["has counted less than before", pod(7)],
  ])("a pod that %s counts from zero", (_what, after) => {
    expect(between(reading(pod(10)), reading(after)).calls).toBe(after.calls);
  });

  test("a pod that has come counts from its start, and one that is gone no more", () => {
    expect(between(new Map([["gone", pod(90)]]), new Map([["new", pod(4)]])).calls).toBe(4);
  });

  test("no count is below zero, whatever pods tell", () => {
    const counters = fc.record({ calls: fc.nat(), errors: fc.nat(), count: fc.nat(), startedAt: fc.constant(1) });
    const stored = ({ count, ...rest }: { calls: number; errors: number; count: number; startedAt: number }) =>
      reading({ ...rest, durations: new Map([[all, count]]) });
    fc.assert(
      fc.property(counters, counters, (before, after) => {
        const { calls, errors, durations } = between(stored(before), stored(after));
        expect(Math.min(calls, errors, durations.get(all) ?? 0)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("a percentile", () => {
  const durations = new Map([
    [0.1, 50],
    [0.5, 90],
    [1, 100],
    [all, 100],
  ]);
  test.each([
    [50, 0.1],
    [90, 0.5],
    [95, 0.75],
  ])("of %i percent lies within its bucket as Prometheus estimates it", (percent, seconds) => {
    expect(percentileOf(durations, percent)).toBeCloseTo(seconds);
  });

  test("of calls that are longer than the last bound has no end, and of no calls there is none", () => {
    expect(
      percentileOf(
        new Map([
          [1, 5],
          [all, 100],
        ]),
        95,
      ),
    ).toBe(all);
    expect(percentileOf(new Map([[all, 0]]), 95)).toBeUndefined();
  });

  test("of counts that contradict themselves is a number, too", () => {
    expect(
      percentileOf(
        new Map([
          [1, 90],
          [2, 10],
          [all, 100],
        ]),
        95,
      ),
    ).toBe(all);
  });
});

const limits = (fields: Partial<Limits>): Limits => ({ minCalls: 20, ...fields });
const latency = { percentile: 95, maxMilliseconds: 1_000 };

describe("a verdict", () => {
  test.each([
    { what: "too few calls", calls: pod(19, { errors: 19 }), isOver: true, state: "Undecided" },
    { what: "as many errors as allowed", calls: pod(20, { errors: 1 }), isOver: true, state: "Passed" },
    {
      what: "one error too many, before the time is over",
      calls: pod(20, { errors: 2 }),
      isOver: false,
      state: "Failed",
    },
    { what: "slow calls before the time is over", calls: pod(20, { slow: 20 }), isOver: false, state: "Undecided" },
    { what: "slow calls when it is over", calls: pod(20, { slow: 2 }), isOver: true, state: "Failed" },
    { what: "as many slow calls as allowed", calls: pod(20, { slow: 1 }), isOver: true, state: "Passed" },
  ])("of $what is $state", ({ calls, isOver, state }) => {
    expect(judged(calls, limits({ maxErrorPercent: 5, latency }), isOver).state).toBe(state);
  });

  test("says what was counted, and which limit it exceeds", () => {
    expect(judged(pod(20, { errors: 2 }), limits({ maxErrorPercent: 5 }), true)).toMatchObject({
      problem:
        "its pods answered 2 of 20 calls with 5xx, more than rollout.analysis.metrics.maxErrorPercent (5) allows",
    });
    expect(judged(pod(20, { slow: 20 }), limits({ latency }), true)).toMatchObject({
      problem:
        "calls to its pods take 9550 ms at the 95th percentile, more than rollout.analysis.metrics.latency.maxMilliseconds (1000) allows",
    });
  });
});

describe("windows", () => {
  const analysis = { attempt: "2 now", durationSeconds: 10, limits: limits({ maxErrorPercent: 5, latency }) };

  /** Looks every 5 s at a pod that has counted so much. */
  const run = (...counted: Counters[]) =>
    counted.reduce<Progress | undefined>(
      (known, each, at) => advanced(known, analysis, { at: at * 5_000, reading: reading(each) }),
      undefined,
    );

  test("a version passes when a whole window is good", () => {
    expect(run(pod(7), pod(20))).toMatchObject({ passed: false });
    expect(run(pod(7), pod(20), pod(27))).toMatchObject({ passed: true, since: 10_000 });
  });

  test("with too few calls a window goes on until there are enough, and says so", () => {
    const waiting = run(pod(0), pod(3), pod(4), pod(5));
    expect(waiting).toMatchObject({
      passed: false,
      waits: "fewer calls reach its pods than rollout.analysis.metrics.minCalls asks for",
    });
    expect(run(pod(0), pod(3), pod(4), pod(20))).toMatchObject({ passed: true });
  });

  test("a later window may fail, which earlier good calls do not hide, and it stays failed", () => {
    const good = [pod(0), pod(5_000), pod(10_000)];
    const failed = run(...good, pod(10_020, { errors: 20 }), pod(99_000, { errors: 20 }));
    expect(failed).toMatchObject({ passed: false, problem: expect.stringContaining("20 of 20 calls") });
  });

  test("another attempt begins anew", () => {
    const failed = run(pod(0), pod(20, { errors: 20 }));
    expect(failed?.problem).toBeDefined();
    const again = advanced(failed, { ...analysis, attempt: "2 later" }, { at: 20_000, reading: reading(pod(20)) });
    expect(again).toEqual({ attempt: "2 later", since: 20_000, before: reading(pod(20)), passed: false });
  });
});
