import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type ImportRule, importRules, runtimeImportRules } from "./rules.ts";
import { type Sources, sourcesOf, violations } from "./violations.ts";

const root = join(import.meta.dirname, "../..");

test("no file breaks an import rule", async () => {
  const sources = sourcesOf(root);
  expect(Object.keys(sources).length).toBeGreaterThan(200);
  expect(await violations(importRules, sources, "with types")).toEqual([]);
  expect(await violations(runtimeImportRules, sources, "without types")).toEqual([]);
});

test("files that are examples of rules exist: a rule whose folder has moved would hold for nothing", () => {
  const examples = [...importRules, ...runtimeImportRules].flatMap(({ broken: { from, to } }) => [from, to]);
  const files = examples.filter((path) => /^[^@].*\.ts$/.test(path));
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

type Statement = (specifier: string) => string;

const statements: readonly [string, Statement][] = [
  ["an import", (to) => `import { thing as a } from "${to}";\nconsole.log(a);`],
  ["an import for its side effects", (to) => `import "${to}";`],
  ["a dynamic import", (to) => `export const load = async (): Promise<unknown> => await import("${to}");`],
  ["a re-export", (to) => `export * from "${to}";`],
];

const typeStatements: readonly [string, Statement][] = [
  ["an import of a type", (to) => `import type { Thing } from "${to}";\nexport type Own = Thing;`],
  ["a re-export of a type", (to) => `export type { Thing } from "${to}";`],
];

function specifier({ from, to }: ImportRule["broken"]): string {
  if (to.startsWith("node:")) return to;
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** A project in which one file breaks the rule. */
const brokenTree = (rule: ImportRule, statement: Statement): Sources => ({
  ...(rule.broken.to.startsWith("node:") ? {} : { [rule.broken.to]: "export const thing = 1;\n" }),
  [rule.broken.from]: `${statement(specifier(rule.broken))}\n`,
});

const violation = ({ name, broken }: ImportRule) => `${name}: ${broken.from} -> ${broken.to.replace("node:", "")}`;

describe.each(importRules)("a violation is found: $name", (rule) => {
  test.each([...statements, ...typeStatements])("by %s", async (_kind, statement) => {
    expect(await violations([rule], brokenTree(rule, statement), "with types")).toEqual([violation(rule)]);
  });
});

describe.each(runtimeImportRules)("a violation is found: $name", (rule) => {
  test.each(statements)("by %s", async (_kind, statement) => {
    expect(await violations([rule], brokenTree(rule, statement), "without types")).toEqual([violation(rule)]);
  });

  test.each(typeStatements)("%s is none", async (_kind, statement) => {
    expect(await violations([rule], brokenTree(rule, statement), "without types")).toEqual([]);
  });
});

test("indirect and dynamic imports count, for purity and for cycles", async () => {
  const sources = {
    "operator/deployment/desired/pod.ts": 'import { read } from "../reader.ts";\nread();\n',
    "operator/deployment/reader.ts":
      'import { readFileSync } from "node:fs";\nexport const read = () => import("./back.ts").then(() => readFileSync("x"));\n',
    "operator/deployment/back.ts": 'import "./reader.ts";\n',
  };
  const found = await violations(runtimeImportRules, sources, "without types");
  expect(found.toSorted()).toEqual([
    "desired objects and conditions are pure: operator/deployment/desired/pod.ts -> fs",
    "there are no circular imports: operator/deployment/back.ts -> operator/deployment/reader.ts",
  ]);
});
