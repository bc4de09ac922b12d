import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileDurations } from "../../machine/durations.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durations-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the last duration of each name is there the next time", () => {
  const file = join(folder, "cache", "durations.json");
  fileDurations(file).record("compile", 60_000);
  fileDurations(file).record("packages", 5_000.4);
  fileDurations(file).record("compile", 50_000);
  expect(["compile", "packages", "other"].map(fileDurations(file).typical)).toEqual([50_000, 5_000, undefined]);
  expect(readdirSync(join(folder, "cache"))).toEqual(["durations.json"]);
});

test("what is over at once is not kept", () => {
  const durations = fileDurations(join(folder, "durations.json"));
  durations.record("network", 300);
  expect(durations.typical("network")).toBeUndefined();
});

test.each(["", "[", "null", '{"compile": "soon"}'])("a file that holds %j is done without", (content) => {
  const file = join(folder, "durations.json");
  writeFileSync(file, content);
  const durations = fileDurations(file);
  expect(durations.typical("compile")).toBeUndefined();
  durations.record("compile", 9_000);
  expect(durations.typical("compile")).toBe(9_000);
});

test("a place that cannot be written costs estimates and nothing else", () => {
  writeFileSync(join(folder, "file"), "");
  const durations = fileDurations(join(folder, "file", "durations.json"));
  durations.record("compile", 9_000);
  expect(durations.typical("compile")).toBeUndefined();
});

test("names that nobody uses any more go", () => {
  const durations = fileDurations(join(folder, "durations.json"));
  for (let index = 0; index < 120; index += 1) durations.record(`step ${index}`, 9_000);
  expect(durations.typical("step 0")).toBeUndefined();
  expect(durations.typical("step 119")).toBe(9_000);
});
