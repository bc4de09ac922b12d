import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readVariables } from "../../config/read-variables.ts";
import { namesOf, type Table } from "../../config/variable.ts";
import { guideTest, guideVariables } from "../../docs/generators/guide-variables.ts";
import { otherMeaning, setWithOtherMeaning } from "../../server/config/other-meaning.ts";
import { variables } from "../../server/config/variables.ts";
import { setWithoutEffect, withoutEffect } from "../../server/config/without-effect.ts";

const guides = process.env.CCTELEGRAM_GUIDES ?? join(import.meta.dirname, "../../../shared/seeds");
const titles = {
  enterprise: /^# .*Enterprise Deployment Guide/m,
  production: /^# .*Production Deployment Guide/m,
} as const;

const table: Table = variables;
const rowOf = (name: string) => Object.entries(table).find(([own, row]) => namesOf(own, row).includes(name));

/** Names that a text assigns or uses, with their lines. */
function variablesIn(text: string): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const [index, line] of text.split("\n").entries()) {
    const matches = line.matchAll(/(?:^|\s)([A-Z][A-Z0-9_]+)=|Environment=([A-Z][A-Z0-9_]+)=|\$\{?([A-Z][A-Z0-9_]+)/g);
    for (const [, assigned, ofUnit, used] of matches) {
      const name = assigned ?? ofUnit ?? used ?? "";
      const lines = found[name] ?? [];
      if (lines.at(-1) !== index + 1) found[name] = [...lines, index + 1];
    }
  }
  return found;
}

test.for(["enterprise", "production"] as const)(
  "the table has each variable of the %s guide, with all its lines",
  (guide, { skip }) => {
    const texts = globSync("*.txt", { cwd: guides }).map((file) => readFileSync(join(guides, file), "utf8"));
    const text = texts.find((each) => titles[guide].test(each));
    if (text === undefined) {
      const reason = `the guides are not in ${guides}; CCTELEGRAM_GUIDES names another folder`;
      console.info(`skipped: ${reason}`);
      return skip(reason);
    }
    const own = guideVariables.flatMap((row) => (row[guide] ? [[row.name, [...row[guide]]] as const] : []));
    expect(Object.fromEntries(own)).toEqual(variablesIn(text));
    expect(own.length).toBeGreaterThan(30);
  },
);

describe("each variable of the guides", () => {
  test.each(guideVariables.filter(({ notOurs }) => notOurs === undefined).map(({ name }) => name))(
    "%s is read by a role, or is named at the start with what stands in for it",
    (name) => {
      const [own, row] = rowOf(name) ?? [];
      const told = setWithoutEffect({ [name]: "hunter2" });
      if (own === undefined || row === undefined) {
        expect(Object.keys(told ?? {})).toEqual([name]);
        expect(JSON.stringify(told)).not.toContain("hunter2");
        return;
      }
      expect(told).toBeUndefined();
      // Without its default, so that it has a value only if it was read.
      const { default: _default, required: _required, ...bare } = row;
      const [role = "serve"] = row.roles ?? [];
      const text = own === "HMAC_SECRET" ? "x".repeat(40) : row.example;
      const env = { [name]: name === `${own}_FILE` ? "/a/file" : text };
      const { values, problems } = readVariables({ [own]: bare }, role, { env, readFile: () => text });
      expect(problems).toEqual([]);
      expect(values).toHaveProperty(own);
    },
  );

  test.each(guideVariables.filter(({ notOurs }) => notOurs === undefined).map(({ name }) => name))(
    "%s is in the test that shows what it changes",
    (name) => {
      const test = guideTest(name, table);
      // This one takes all names from the table.
      if (test === "test/guides/variables.test.ts") return expect(setWithoutEffect({ [name]: "x" })).toBeDefined();
      expect(readFileSync(join(import.meta.dirname, "../..", test), "utf8")).toMatch(new RegExp(`\\b${name}\\b`));
    },
  );

  test("an empty one counts as not set", () => {
    expect(setWithoutEffect({ REDIS_URL: "" })).toBeUndefined();
    expect(setWithOtherMeaning({ EVENTS_DIR: "" })).toBeUndefined();
  });

  test("one that means something else here is named with the difference, under the name that was set", () => {
    const told = setWithOtherMeaning({ TELEGRAM_RETRY_ATTEMPTS: "hunter2", MCP_SERVER_PORT: "8080" });
    expect(told).toEqual({ TELEGRAM_RETRY_ATTEMPTS: expect.stringMatching(/outages do not count/) });
    for (const name of Object.keys(otherMeaning)) {
      expect(rowOf(name), name).toBeDefined();
      expect(withoutEffect).not.toHaveProperty(name);
    }
  });

  test("nothing that stands in for one is of no guide", () => {
    const known = guideVariables.map(({ name }) => name);
    expect(Object.keys(withoutEffect).filter((name) => !known.includes(name))).toEqual([]);
  });
});
