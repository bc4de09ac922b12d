import { expect, test } from "vitest";
import { shownDuration } from "../../../../server/bridge/formatting/duration.ts";

test.each([
  [0, "0 ms"],
  [0.2, "0 ms"],
  [999.4, "999 ms"],
  [1_000, "1 s"],
  [1_500, "1 s 500 ms"],
  [60_000, "1 min"],
  [3_599_999, "59 min 59 s"],
  [86_400_000, "24 h"],
  [90_061_000, "25 h 1 min"],
])("%d ms are shown as %s", (ms, shown) => {
  expect(shownDuration(ms)).toBe(shown);
});
