import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise } from "dependency-cruiser";
import type { Wall } from "./rules.ts";

/** Sources by path from the root of the project. */
export type Sources = Readonly<Record<string, string>>;

/** The sources that walls stand around. Tests may import everything. */
export function sourcesOf(root: string): Sources {
  const patterns = ["{config,contract,e2e,images,machine,operator,server}/**/*.{ts,mjs}", "*.{ts,mjs}"];
  const files = globSync(patterns, { cwd: root }).filter((file) => !file.endsWith(".d.mts"));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
}

/** The imports that break walls, as "NAME: FROM -> TO". */
export async function breaches(walls: readonly Wall[], sources: Sources, types: "with types" | "without types") {
  const folder = mkdtempSync(join(tmpdir(), "walls-"));
  try {
    for (const [path, source] of Object.entries(sources)) write(folder, path, withoutTypeSyntax(source, types));
    cpSync("package.json", join(folder, "package.json"));
    const forbidden = walls.map(({ broken: _broken, ...rule }) => ({ ...rule, severity: "error" as const }));
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
 * dependency-cruiser reads TypeScript by a compiler's API, which TypeScript 7 does not have; so it gets what Node makes of
 * the sources. A type import becomes one of a value, or vanishes as it does in Node.
 */
function withoutTypeSyntax(source: string, types: "with types" | "without types"): string {
  const imports =
    types === "without types" ? source : source.replace(/^(import|export) type(?= [*{]| \w+ from )/gm, "$1");
  return stripTypeScriptTypes(imports);
}

/** `x.ts` is found as `x.ts.js`, because extensions are tried behind the name that an import has. */
function write(folder: string, path: string, source: string): void {
  const file = join(folder, path.endsWith(".ts") ? `${path}.js` : path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
}

const shown = (path: string) => path.replace(/\.ts\.js$/, ".ts");
