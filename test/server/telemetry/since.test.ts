import { expect, test } from "vitest";
import { Since } from "../../../server/telemetry/since.ts";

test("a state is since the first look that saw it, and begins anew when it comes back", () => {
  const since = new Since();
  const at = (ms: number) => new Date(ms).toISOString();
  expect(since.of(undefined, 1_000)).toBe(at(1_000));
  expect(since.of(undefined, 2_000)).toBe(at(1_000));
  expect(since.of("broken", 3_000)).toBe(at(3_000));
  expect(since.of("broken", 4_000)).toBe(at(3_000));
  expect(since.of(undefined, 5_000)).toBe(at(5_000));
});
