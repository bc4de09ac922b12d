import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Something that a folder exports and a reader may call. */
export type Documented = {
  readonly file: string;
  /** Of the export, from 1. */
  readonly line: number;
  readonly name: string;
  readonly example: Example | undefined;
};

/** The code of an `@example`, and its first line in the file. */
export type Example = { readonly line: number; readonly code: string };

/** Module by the name that it exports. */
type Exports = ReadonlyMap<string, string>;

/** Every exported function, class and arrow function below a folder. */
export function documented(root: string, folder: string): Documented[] {
  return sourcesOf(root, folder).flatMap(([file, source]) =>
    [...source.matchAll(/^export (?:async )?(?:function\*?|class|const) (\w+)(.*)/gm)]
      .filter(([text]) => !text.includes(" const ") || / = (?:async )?(?:<[^>]*>)?(?:\(|\w+ =>)/.test(text))
      .map(({ 1: name = "", index }) => ({
        file,
        line: lineAt(source, index),
        name,
        example: exampleAbove(source, index),
      })),
  );
}

/** What examples may use without an import: the folder's own exports, and the names of `given.ts`. */
export function exportsOf(root: string, folder: string, given: string): Exports {
  const found = new Map<string, string>();
  for (const [file, source] of [
    [given, readFileSync(join(root, given), "utf8")],
    ...sourcesOf(root, folder),
  ] as const) {
    const names = source.matchAll(/^export (?:declare |async )?(?:function\*?|class|const|type) (\w+)/gm);
    for (const { 1: name = "" } of names) found.set(name, join(root, file));
  }
  return found;
}

/**
 * The example as a module: names that it does not declare are imported, all on the first line, and `EXPRESSION; // => TEXT`
 * is an assertion.
 */
export function moduleOf({ code }: Example, exported: Exports): { readonly text: string; readonly imported: string[] } {
  const declared = new Set([...code.matchAll(/\b(?:const|type|function) (\w+)/g)].map((match) => match[1]));
  const used = new Set(code.replace(/"[^"]*"|\/\/.*/g, "").match(/(?<!\.)\b[A-Za-z]\w*\b/g));
  const imports = [...used].filter((name) => exported.has(name) && !declared.has(name));
  const lines = imports.map((name) => `import { ${name} } from ${JSON.stringify(exported.get(name))};`);
  const asserted = code.replace(
    /^(.*); \/\/ => (.*)$/gm,
    (_, expression: string, text: string) => `equal(String(${expression}), ${JSON.stringify(text)});`,
  );
  const preamble = ['import { strictEqual as equal } from "node:assert";', ...lines].join(" ");
  return { text: `${preamble}\n${asserted}\nexport {};\n`, imported: imports.map((name) => exported.get(name) ?? "") };
}

/** Whether running it shows something: it asserts, and needs nothing that is only declared. */
export function runs({ code }: Example, imported: readonly string[], given: string): boolean {
  return / \/\/ => /.test(code) && !imported.some((file) => file.endsWith(given));
}

function sourcesOf(root: string, folder: string): (readonly [file: string, source: string])[] {
  const files = globSync(join(folder, "**/*.ts"), { cwd: root }).sort();
  return files.map((file) => [file, readFileSync(join(root, file), "utf8")]);
}

function exampleAbove(source: string, index: number): Example | undefined {
  if (!source.slice(0, index).endsWith("*/\n")) return undefined;
  const start = source.lastIndexOf("/**", index);
  const fence = /@example\n \* ```ts\n((?: \*.*\n)*?) \* ```\n/.exec(source.slice(start, index));
  if (fence === null) return undefined;
  const line = lineAt(source, start + fence.index) + 2;
  return { line, code: (fence[1] ?? "").replace(/^ \* ?/gm, "").trimEnd() };
}

const lineAt = (source: string, index: number) => source.slice(0, index).split("\n").length;
