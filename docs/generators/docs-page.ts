import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "server/http/docs-page";

/** The files of the page at /docs as a module: programs are one file each, and have nothing beside them. */
export function docsPageSources(): Record<string, string> {
  const lines = (file: string) =>
    readFileSync(join(import.meta.dirname, "../..", folder, file), "utf8")
      .split("\n")
      .map((line) => `  ${JSON.stringify(line)},\n`)
      .join("");
  const constant = (name: string, file: string) => `export const ${name} = [\n${lines(file)}].join("\\n");\n`;
  return {
    [`${folder}/generated/sources.ts`]: [
      '// Generated from the files of the folder above by "npm run generate"; do not edit.',
      constant("html", "page.html"),
      constant("style", "page.css"),
      constant("script", "page.js"),
    ].join("\n"),
  };
}
