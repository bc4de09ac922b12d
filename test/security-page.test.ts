import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scenarios } from "../attack/scenarios.ts";
import type { Risk } from "../docs/generators/security/risk.ts";
import { riskLists } from "../docs/generators/security.ts";
import { isTitleOf, titlesIn } from "./server/mcp/requirements/test-titles.ts";

const root = join(import.meta.dirname, "..");
const attackFile = "attack/attack.test.ts";
const titles = new Map<string, readonly string[]>();

function titlesOf(file: string): readonly string[] {
  const path = join(root, file);
  const found = titles.get(file) ?? (existsSync(path) ? titlesIn(readFileSync(path, "utf8")) : []);
  titles.set(file, found);
  return found;
}

function isThere(citation: string): boolean {
  const [file = "", cited = ""] = citation.split(" › ");
  if (file === attackFile) return scenarios.some(({ name }) => cited === `hold: ${name}`);
  return titlesOf(file).some((title) => isTitleOf(title, cited));
}

const lost = (risk: Risk) => ("shownBy" in risk ? risk.shownBy.filter((citation) => !isThere(citation)) : []);

/** Whether a row says what is done and what shows it, or why nothing has to be done. */
const isWhole = (risk: Risk) =>
  "shownBy" in risk ? risk.shownBy.length > 0 && risk.does.length > 20 : risk.notApplicable.length > 20;

describe.each(riskLists.map(({ title, risks }) => [title, risks] as const))("%s", (_title, risks) => {
  test("has each row once", () => {
    const ids = risks.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test("has tests or a reason in each row", () => {
    expect(risks.filter((risk) => !isWhole(risk)).map(({ id }) => id)).toEqual([]);
  });

  test("names tests that are there", () => {
    expect(risks.flatMap((risk) => lost(risk).map((citation) => `${risk.id}: ${citation}`))).toEqual([]);
  });
});

test("each row of the lists of OWASP is there", () => {
  const ids = riskLists.flatMap(({ risks }) => risks.map(({ id }) => id));
  const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
  const expected = numbers.flatMap((number) => [`API${number}`, `MCP${String(number).padStart(2, "0")}`]);
  expect(expected.filter((id) => !ids.includes(id))).toEqual([]);
});

test("a row without tests, and one whose test is gone, are found", () => {
  expect(isWhole({ id: "x", risk: "x", does: "everything that is needed", shownBy: [] })).toBe(false);
  expect(isWhole({ id: "x", risk: "x", notApplicable: "" })).toBe(false);
  const citations = [
    "test/nowhere.test.ts › a test",
    `${attackFile} › hold: no scenario`,
    "test/docs.test.ts › no title",
  ];
  expect(lost({ id: "x", risk: "x", does: "x", shownBy: citations })).toEqual(citations);
});

test("every attack stands on the page", () => {
  const cited = new Set(
    riskLists.flatMap(({ risks }) => risks.flatMap((risk) => ("shownBy" in risk ? risk.shownBy : []))),
  );
  const missing = scenarios.filter(({ name }) => !cited.has(`${attackFile} › hold: ${name}`)).map(({ name }) => name);
  expect(missing).toEqual([]);
});
