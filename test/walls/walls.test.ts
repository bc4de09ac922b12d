import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { breaches, type Sources, sourcesOf } from "./imports.ts";
import { runtimeWalls, type Wall, walls } from "./rules.ts";

const root = join(import.meta.dirname, "../..");

test("every wall stands", async () => {
  const sources = sourcesOf(root);
  expect(Object.keys(sources).length).toBeGreaterThan(200);
  expect(await breaches(walls, sources, "with types")).toEqual([]);
  expect(await breaches(runtimeWalls, sources, "without types")).toEqual([]);
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

function specifier({ from, to }: Wall["broken"]): string {
  if (to.startsWith("node:")) return to;
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** A tree with one file that breaks a wall. */
const brokenTree = (wall: Wall, statement: Statement): Sources => ({
  ...(wall.broken.to.startsWith("node:") ? {} : { [wall.broken.to]: "export const thing = 1;\n" }),
  [wall.broken.from]: `${statement(specifier(wall.broken))}\n`,
});

const breach = ({ name, broken }: Wall) => `${name}: ${broken.from} -> ${broken.to.replace("node:", "")}`;

describe.each(walls)("a breach is found: $name", (wall) => {
  test.each([...statements, ...typeStatements])("by %s", async (_kind, statement) => {
    expect(await breaches([wall], brokenTree(wall, statement), "with types")).toEqual([breach(wall)]);
  });
});

describe.each(runtimeWalls)("a breach is found: $name", (wall) => {
  test.each(statements)("by %s", async (_kind, statement) => {
    expect(await breaches([wall], brokenTree(wall, statement), "without types")).toEqual([breach(wall)]);
  });

  test.each(typeStatements)("%s is none", async (_kind, statement) => {
    expect(await breaches([wall], brokenTree(wall, statement), "without types")).toEqual([]);
  });
});

test("what the file of a pure folder reaches counts, and a way around that comes back is a cycle", async () => {
  const sources = {
    "operator/deployment/desired/pod.ts": 'import { read } from "../reader.ts";\nread();\n',
    "operator/deployment/reader.ts":
      'import { readFileSync } from "node:fs";\nexport const read = () => import("./back.ts").then(() => readFileSync("x"));\n',
    "operator/deployment/back.ts": 'import "./reader.ts";\n',
  };
  const found = await breaches(runtimeWalls, sources, "without types");
  expect(found.toSorted()).toEqual([
    "desired objects and conditions are pure: operator/deployment/desired/pod.ts -> fs",
    "no file imports itself by way of others: operator/deployment/back.ts -> operator/deployment/reader.ts",
  ]);
});
