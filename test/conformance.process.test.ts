import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, runConformance } from "../conformance/conformance.ts";

let folder: string;
let outcome: Outcome;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cctelegram-conformance-"));
  outcome = await runConformance(folder);
});

afterAll(() => rm(folder, { recursive: true }));

test.each([
  // As many as the suite of this version has for a server like this one.
  ["2025-11-25", 33, 83],
  ["2026-07-28", 50, 191],
] as const)("the server conforms to MCP %s, in the official suite's %d scenarios", (set, scenarios, passed) => {
  expect(outcome.verdicts[set]).toMatchObject({ scenarios, problems: [], failed: 0 });
  expect(outcome.verdicts[set].passed).toBeGreaterThanOrEqual(passed);
});

test("no failure is expected any more that does not come", () => {
  expect(outcome.stale).toEqual([]);
});
