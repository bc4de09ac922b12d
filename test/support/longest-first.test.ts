import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { seconds } from "./longest-first.ts";

test("files that are known to take long are there", () => {
  expect(Object.keys(seconds).filter((path) => !existsSync(path))).toEqual([]);
});
