import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { actionPermissions } from "../../contract/monitoring.ts";
import type { PageSources } from "../../server/http/html-page.ts";

const root = join(import.meta.dirname, "../..");
const docs = "server/http/docs-page";
const dashboard = "server/monitoring/page";

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** The files of the pages as modules: programs are one file each, and have nothing beside them. */
export async function pageSources(): Promise<Record<string, string>> {
  return {
    ...moduleOf(docs, {
      html: read(`${docs}/page.html`),
      style: read(`${docs}/page.css`),
      script: read(`${docs}/page.js`),
    }),
    ...moduleOf(dashboard, {
      html: read(`${dashboard}/page.html`),
      style: `${read("node_modules/uplot/dist/uPlot.min.css")}\n${read(`${dashboard}/page.css`)}`,
      script: await bundled(`${dashboard}/app/main.tsx`),
    }),
  };
}

function moduleOf(folder: string, sources: PageSources): Record<string, string> {
  const constants = Object.entries(sources).map(([name, text]) => {
    const lines = text.split("\n").map((line) => `  ${JSON.stringify(line)},\n`);
    return `export const ${name} = [\n${lines.join("")}].join("\\n");\n`;
  });
  const note = '// Generated from the files of the folder above by "npm run generate"; do not edit.';
  return { [`${folder}/generated/sources.ts`]: [note, ...constants].join("\n") };
}

/** A script with all that it imports, for browsers of the last two years. */
async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2024",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { ACTION_PERMISSIONS: JSON.stringify(actionPermissions) },
    minify: true,
    // Short lines, so that a change is one of few lines in a comparison.
    lineLimit: 160,
    legalComments: "inline",
    banner: { js: "/*! With preact (MIT, Jason Miller) and uPlot (MIT, Leon Sorokin). */" },
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}
