import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { type Progress, progress } from "../machine/progress.mjs";
import { type ImageName, imageNames } from "./names.ts";
import { smallerOperator, smallerPlugin } from "./smaller-operator.ts";

const ROOT = join(import.meta.dirname, "..");

/** What people have on their machines is older than what an image carries. */
const PLUGIN_TARGET = "node22.12";

type Bundled = { readonly entry: string; readonly target?: string; readonly plugins?: readonly Plugin[] };

const PROGRAMS: Readonly<Record<ImageName, Bundled>> = {
  server: { entry: "server/main.ts" },
  operator: { entry: "operator/main.ts", plugins: smallerOperator },
  telegram: { entry: "test/telegram/main.ts" },
  conformance: { entry: "conformance/server.ts" },
  plugin: { entry: "plugin/main.ts", target: PLUGIN_TARGET, plugins: smallerPlugin },
};

/** CommonJS dependencies ask for `require` and `__dirname`, which an ES module does not have. */
const BANNER = [
  'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

/** Bundles each program with everything that it imports into `dist/NAME/main.js`. */
export function bundle(names: readonly ImageName[] = imageNames, steps: Progress = progress): Promise<void> {
  return steps.step(`bundle ${names.join(", ")}`, async () => {
    await Promise.all(names.map((name) => bundleInto(join(ROOT, "dist", name), name)));
  });
}

/** Bundles a program, as it is for its image, or by its file, into `main.js` of a folder of its own. */
export async function bundleInto(folder: string, program: ImageName | { readonly entry: string }): Promise<void> {
  const { entry, target = "node26", plugins = [] }: Bundled = typeof program === "string" ? PROGRAMS[program] : program;
  if (!existsSync(join(ROOT, entry))) throw new Error(`${entry} is missing: there is nothing to bundle`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(folder, "main.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    target,
    minify: true,
    legalComments: "external",
    banner: { js: BANNER },
    plugins: [...plugins],
    logLevel: "warning",
  });
  // Without it Node parses the file twice to find out that it is an ES module.
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
}
