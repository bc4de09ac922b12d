import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

type Rule = { readonly name: string; readonly from: RegExp; readonly to: RegExp };

/** What a layer must not import. Data flows one way: docs/architecture.md. */
const forbidden: readonly Rule[] = [
  {
    name: "the controller runtime does not know the product",
    from: /^operator\/runtime\//,
    to: /^(operator\/(api|deployment|main|config)|server\/)/,
  },
  { name: "the operator does not import the server", from: /^operator\//, to: /^server\// },
  { name: "the server does not import the operator", from: /^server\//, to: /^operator\// },
  {
    name: "tools and bridge know no transport",
    from: /^server\/(tools|bridge)\//,
    to: /^server\/(main|http|mcp|roles)/,
  },
  {
    name: "desired objects and conditions are pure",
    from: /^operator\/deployment\/(desired|conditions)\//,
    to: /^(node:(fs|http|https|net|child_process)|undici|operator\/runtime\/(client|reflector|applier))/,
  },
  { name: "the product imports no tests", from: /^(operator|server)\//, to: /^(test|e2e|bench)\// },
  {
    name: "images and the build know no cluster",
    from: /^(images\/|build\.ts)/,
    to: /^(operator|server|test|e2e|bench|attack)\//,
  },
  { name: "the build is a command that nobody imports", from: /^(images|machine|e2e)\//, to: /^build\.ts/ },
  {
    name: "the machine knows neither product nor cluster",
    from: /^machine\//,
    to: /^(operator|server|test|e2e|images|bench|attack)\//,
  },
];

const files = (
  await Array.fromAsync(glob(["{config,contract,operator,server,images,machine,e2e}/**/*.ts", "build.ts"]))
).sort();
const imports = new Map(files.map((file) => [file, importsOf(file)]));

test.each(forbidden)("$name", ({ from, to }) => {
  const violations = files
    .filter((file) => from.test(file))
    .flatMap((file) =>
      (imports.get(file) ?? []).filter((target) => to.test(target)).map((target) => `${file} -> ${target}`),
    );
  expect(files.some((file) => from.test(file))).toBe(true);
  expect(violations).toEqual([]);
});

test("no file imports itself by way of others", () => {
  const cycles = files.flatMap((file) => pathBack(file, file, new Set()) ?? []);
  expect(cycles).toEqual([]);
});

/** Imports that exist when the program runs; type imports vanish. */
function importsOf(file: string): string[] {
  const source = readFileSync(file, "utf8");
  const specifiers = [...source.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+"([^"]+)"/gm)].map(
    (match) => match[1]!,
  );
  return specifiers.map((specifier) => (specifier.startsWith(".") ? join(dirname(file), specifier) : specifier));
}

function pathBack(start: string, file: string, seen: Set<string>): string[] | undefined {
  for (const target of imports.get(file) ?? []) {
    if (target === start) return [`${file} -> ${target}`];
    if (seen.has(target)) continue;
    seen.add(target);
    const found = pathBack(start, target, seen);
    if (found) return found;
  }
  return undefined;
}
