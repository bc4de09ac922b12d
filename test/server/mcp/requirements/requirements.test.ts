import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pages } from "./pages.ts";
import type { Requirement, Revision } from "./requirement.ts";
import { requirements } from "./requirements.ts";
import { isTitleOf, titlesIn } from "./test-titles.ts";

const testFolder = join(import.meta.dirname, "../..");
const titles = new Map<string, readonly string[]>();

function titlesOf(file: string): readonly string[] {
  const known = titles.get(file) ?? titlesIn(readFileSync(join(testFolder, file), "utf8"));
  titles.set(file, known);
  return known;
}

function isThere(citation: string): boolean {
  const [file = "", cited = ""] = citation.split(" › ");
  return titlesOf(file).some((title) => isTitleOf(title, cited));
}

const standingOf = (requirement: Requirement) =>
  "shownBy" in requirement ? "shown" : "open" in requirement ? "open" : "not applicable";

test("each requirement stands there once", () => {
  const ids = requirements.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("each requirement has a test, a reason why it does not count, or says what is missing", () => {
  const without = requirements.filter((requirement) => {
    if ("shownBy" in requirement) return requirement.shownBy.length === 0;
    return ("open" in requirement ? requirement.open : requirement.notApplicable).length < 10;
  });
  expect(without.map(({ id }) => id)).toEqual([]);
});

test("each test that is cited is there", () => {
  const lost = requirements.flatMap((requirement) =>
    "shownBy" in requirement
      ? requirement.shownBy.filter((citation) => !isThere(citation)).map((citation) => `${requirement.id}: ${citation}`)
      : [],
  );
  expect(lost).toEqual([]);
});

describe.each(Object.keys(pages) as Revision[])("MCP %s", (revision) => {
  const own = requirements.filter((requirement) => requirement.revision === revision);

  test("each page of the specification has requirements, or a reason why not", () => {
    const required = new Set(own.map(({ page }) => page));
    for (const [page, reason] of Object.entries(pages[revision])) {
      expect({ page, isRequired: required.has(page) }).toEqual({ page, isRequired: reason === undefined });
      required.delete(page);
    }
    expect([...required]).toEqual([]);
  });

  test("how many requirements are shown, do not count, or are open", () => {
    const lines = (["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"] as const).map((level) => {
      const counts = Map.groupBy(
        own.filter((requirement) => requirement.level === level),
        standingOf,
      );
      const count = (standing: ReturnType<typeof standingOf>) => counts.get(standing)?.length ?? 0;
      return `${level}: ${count("shown")} shown, ${count("not applicable")} not applicable, ${count("open")} open`;
    });
    const open = own.flatMap((requirement) =>
      "open" in requirement ? [`${requirement.id}: ${requirement.open}`] : [],
    );
    expect(lines).toHaveLength(4);
    console.info([`MCP ${revision}`, ...lines, ...open].join("\n"));
  });
});

describe("titles of tests", () => {
  test("are found in sources", () => {
    const source = `
test("one", () => {});
  test.each([1, 2])("two %s", async (n) => {});
  test.each([
    ["a", () => f(1)],
  ])(
    "three \\"%j\\"",
    (what) => {},
  );
  notATest("four", () => {});`;
    expect(titlesIn(source)).toEqual(["one", "two %s", 'three "%j"']);
  });

  test("with something to fill in are those of what was filled in, too", () => {
    expect(isTitleOf("the id %s is refused", "the id null is refused")).toBe(true);
    expect(isTitleOf("the id %s is refused", "the id %s is refused")).toBe(true);
    expect(isTitleOf("the id $name is refused", "the name null is refused")).toBe(false);
    expect(isTitleOf("%s", "everything there is")).toBe(false);
    expect(isTitleOf("one", "two")).toBe(false);
  });
});
