import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { type Progress, progress } from "../machine/progress.mjs";
import { type ImageName, imageNames } from "./names.ts";
import { smallerOperator, smallerPlugin } from "./smaller-operator.ts";

const ROOT = join(import.meta.dirname, "..");

const ENTRIES: Readonly<Record<ImageName, string>> = {
  server: "server/main.ts",
  operator: "operator/main.ts",
  telegram: "test/telegram/main.ts",
  conformance: "conformance/server.ts",
  plugin: "plugin/main.ts",
};

/** What people have on their machines is older than what an image carries. */
const PLUGIN_TARGET = "node22.12";

/** CommonJS dependencies ask for `require` and `__dirname`, which an ES module does not have. */
const BANNER = [
  'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

/** Bundles each program with everything that it imports into `dist/NAME/main.js`. */
export function bundle(names: readonly ImageName[] = imageNames, steps: Progress = progress): Promise<void> {
  return steps.step(`bundle ${names.join(", ")}`, async () => {
    await Promise.all(names.map(bundleOne));
  });
}

function pluginsOf(name: ImageName): Plugin[] {
  if (name === "operator") return [...smallerOperator];
  return name === "plugin" ? [...smallerPlugin] : [];
}

async function bundleOne(name: ImageName): Promise<void> {
  const entry = ENTRIES[name];
  if (!existsSync(join(ROOT, entry))) throw new Error(`${entry} is missing: there is no ${name} to bundle`);
  const folder = join(ROOT, "dist", name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(folder, "main.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: name === "plugin" ? PLUGIN_TARGET : "node26",
    minify: true,
    legalComments: "external",
    banner: { js: BANNER },
    plugins: pluginsOf(name),
    logLevel: "warning",
  });
  // Without it Node parses the file twice to find out that it is an ES module.
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
}
