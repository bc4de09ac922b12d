import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LogSampler, type Suppressed } from "../../../server/telemetry/log-sampler.ts";

const options = { lines: 2, windowMs: 1000, capacity: 3 };
let told: Suppressed[];
let sampler: LogSampler;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  sampler = new LogSampler(options, (suppressed) => told.push(suppressed));
});

afterEach(() => {
  vi.useRealTimers();
});

test("some lines of a kind and address are logged, the rest is told as a number at the end of the window", () => {
  expect([1, 2, 3, 4, 5].map(() => sampler.admit("refused", "10.0.0.1"))).toEqual([true, true, false, false, false]);
  expect(sampler.admit("refused", "10.0.0.2")).toBe(true);
  expect(sampler.admit("limited", "10.0.0.1")).toBe(true);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([{ kind: "refused", address: "10.0.0.1", count: 3 }]);
  expect(sampler.admit("refused", "10.0.0.1")).toBe(true);
});

test("however many addresses there are, lines of a window are bounded and nothing is lost in the count", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.ipV4()), { maxLength: 200 }), (events) => {
      told = [];
      const logged = events.filter(([kind, address]) => sampler.admit(kind, address)).length;
      sampler.flush();
      // Three accounts, and one for the others of each kind.
      expect(logged).toBeLessThanOrEqual((3 + 2) * options.lines);
      expect(logged + told.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
    }),
  );
});
