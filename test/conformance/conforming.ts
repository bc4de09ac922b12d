import { expect, test } from "vitest";
import type { Outcome } from "../../conformance/conformance.ts";

/** Tests of what a run of the suite found out. */
export function conforming(outcome: () => Outcome): void {
  test.each([
    // As many as the suite of this version has for a server like this one.
    ["2025-11-25", 33, 83],
    ["2026-07-28", 50, 194],
  ] as const)("conform to MCP %s, in the official suite's %d scenarios", (set, scenarios, passed) => {
    expect(outcome().verdicts[set]).toMatchObject({ scenarios, problems: [], failed: 0 });
    expect(outcome().verdicts[set].passed).toBeGreaterThanOrEqual(passed);
  });

  test("no failure is expected any more that does not come", () => {
    expect(outcome().stale).toEqual([]);
  });
}
