import { expect, test } from "vitest";
import { seriesNames } from "../../../../contract/monitoring.ts";
import { Minutes, minutesKept } from "../../../../server/bridge/monitoring/minutes.ts";

const MINUTE = 60_000;
const gauges = () => ({ pending: 3, oldest_ms: 1_500 });

test("a minute is told when it is over, with the gauges of its end; a clock that jumps leaves a gap", () => {
  const minutes = new Minutes([], 10 * MINUTE);
  minutes.current.accepted = 2;
  expect(minutes.turn(10 * MINUTE + 59_999, gauges)).toBeUndefined();
  expect(minutes.turn(11 * MINUTE, gauges)).toMatchObject({ minute: 10, accepted: 2, pending: 3 });
  expect(minutes.turn(14 * MINUTE, gauges)).toMatchObject({ minute: 11, accepted: 0 });
  const { from, step_seconds, series } = minutes.history(0.1);
  expect([from, step_seconds]).toEqual([8 * 60, 60]);
  expect(Object.keys(series)).toEqual(seriesNames);
  expect(series.accepted).toEqual([null, null, 2, 0, null, null]);
  expect(series.oldest_age_seconds).toEqual([null, null, 1.5, 1.5, null, null]);
  // No server told: that is not zero requests.
  expect(series.requests).toEqual([null, null, null, null, null, null]);
});

test("sums have the minute under way in them, and the slowest of all", () => {
  const minutes = new Minutes([], 0);
  minutes.current.delivered = 1;
  minutes.current.slowest_ms = 70;
  minutes.turn(MINUTE, gauges);
  minutes.current.delivered = 2;
  minutes.current.slowest_ms = 50;
  expect(minutes.sum(60)).toMatchObject({ delivered: 3, slowest_ms: 70 });
  expect(minutes.sum(1)).toMatchObject({ delivered: 2, slowest_ms: 50 });
});

test("no more than a day is held, however long it runs", () => {
  const minutes = new Minutes([], 0);
  for (let n = 1; n < 3 * minutesKept; n += 1) minutes.turn(n * MINUTE, gauges);
  expect(minutes.history(24).series.pending).toHaveLength(minutesKept);
  expect(minutes.history(24).series.pending?.every((value) => value === 3)).toBe(true);
  expect(minutes.sum(10 * minutesKept).pending).toBeLessThanOrEqual(3 * (minutesKept + 1));
});
