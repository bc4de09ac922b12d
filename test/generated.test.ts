import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generatedFiles } from "../generate.ts";

const root = join(import.meta.dirname, "..");
const files = await generatedFiles();

test.each(Object.keys(files))("%s is what the code generates: run `npm run generate`", (path) => {
  expect(readFileSync(join(root, path), "utf8")).toBe(files[path]);
});

test("docs/reference holds no page that nothing generates", async () => {
  const pages = await Array.fromAsync(glob("docs/reference/*.{md,json}", { cwd: root }));
  expect(pages.toSorted()).toEqual(
    Object.keys(files)
      .filter((path) => path.startsWith("docs/reference/"))
      .toSorted(),
  );
});

test("a description of every field and variable reaches the reference", () => {
  const rows = ["cctelegramdeployment", "configuration"].flatMap((name) =>
    (files[`docs/reference/${name}.md`] ?? "").split("\n").filter((line) => line.startsWith("| `")),
  );
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([]);
});
