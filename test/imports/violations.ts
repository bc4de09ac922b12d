import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise } from "dependency-cruiser";
import type { ImportRule } from "./rules.ts";

/** Sources by path from the root of the project. */
export type Sources = Readonly<Record<string, string>>;

/** The sources that the rules apply to. Tests may import everything. */
export function sourcesOf(root: string): Sources {
  const patterns = ["{config,contract,e2e,images,machine,operator,server}/**/*.{ts,mjs}", "*.{ts,mjs}"];
  const files = globSync(patterns, { cwd: root }).filter((file) => !file.endsWith(".d.mts"));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
}

/** The imports that break the rules, as "NAME: FROM -> TO". */
export async function violations(
  rules: readonly ImportRule[],
  sources: Sources,
  types: "with types" | "without types",
) {
  const folder = mkdtempSync(join(tmpdir(), "imports-"));
  try {
    for (const [path, source] of Object.entries(sources)) write(folder, path, withoutTypeSyntax(source, types));
    cpSync("package.json", join(folder, "package.json"));
    const forbidden = rules.map(({ broken: _broken, ...rule }) => ({ ...rule, severity: "error" as const }));
    const { output } = await cruise(["."], {
      baseDir: folder,
      moduleSystems: ["es6"],
      validate: true,
      ruleSet: { forbidden },
    });
    if (typeof output === "string") throw new Error(output);
    return output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${shown(from)} -> ${shown(to)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * dependency-cruiser reads TypeScript with the compiler API, which TypeScript 7 does not have; so it gets the JavaScript that Node makes of
 * the sources. An import of a type becomes an import of a value, or is removed, as Node does.
 */
function withoutTypeSyntax(source: string, types: "with types" | "without types"): string {
  const imports =
    types === "without types" ? source : source.replace(/^(import|export) type(?= [*{]| \w+ from )/gm, "$1");
  return stripTypeScriptTypes(imports);
}

/** `x.ts` is written as `x.ts.js`: dependency-cruiser appends extensions to the name in the import. */
function write(folder: string, path: string, source: string): void {
  const file = join(folder, path.endsWith(".ts") ? `${path}.js` : path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
}

const shown = (path: string) => path.replace(/\.ts\.js$/, ".ts");
