/** `node build.ts [--images] [server|operator|telegram ...]`: the bundles in dist/, and the images that hold them. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, type Plugin } from "esbuild";
import { BASE_IMAGE, baseImage, INPUTS_LABEL, inputsOf } from "./e2e/cluster/base-image.ts";
import { buildah, fullImageName, pruneImages } from "./e2e/cluster/buildah.ts";
import { cacheKey } from "./e2e/cluster/cache.ts";
import { type Progress, progress } from "./e2e/cluster/progress.mjs";

const ROOT = import.meta.dirname;

const ENTRIES = {
  server: "server/main.ts",
  operator: "operator/main.ts",
  telegram: "test/telegram/main.ts",
} as const;

export type ImageName = keyof typeof ENTRIES;

const NAMES = Object.keys(ENTRIES) as ImageName[];

/** CommonJS dependencies ask for `require` and `__dirname`, which an ES module does not have. */
const BANNER = [
  'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

/** The local name of an image, such as `cctelegram/server:dev`. */
export function imageName(name: ImageName): string {
  return `cctelegram/${name}:dev`;
}

/** Bundles each program with everything that it imports into `dist/NAME/main.js`. */
export function bundle(names: readonly ImageName[] = NAMES, steps: Progress = progress): Promise<void> {
  return steps.step(`bundle ${names.join(", ")}`, async () => {
    await Promise.all(names.map(bundleOne));
  });
}

/**
 * @kubernetes/client-node does not say that its modules have no side effects, so esbuild would keep clients of every API
 * that nobody calls: half a megabyte of code, 4 MiB of memory.
 */
const withoutUnusedClients: Plugin = {
  name: "without-unused-clients",
  setup({ onResolve }) {
    const library = join(ROOT, "node_modules/@kubernetes/client-node/dist");
    onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: join(library, "index.js"),
      sideEffects: false,
    }));
    onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, resolveDir }) =>
      resolveDir.startsWith(library) ? { path: join(resolveDir, path), sideEffects: false } : undefined,
    );
  },
};

/** Modules that are imported and never used. They are left out together with what they import. */
const unused = [
  // For clusters behind proxies, which the operator refuses (transport.ts). undici alone costs 8 MiB of memory.
  { importer: "/@kubernetes/client-node/", modules: /^(undici|socks|socks-proxy-agent|hpagent)$/ },
  // For forked workers and for pushing: they load a dozen of Node's modules.
  { importer: "/prom-client/index.js", modules: /\/(cluster|pushgateway)$/ },
];

const withoutUnused: Plugin = {
  name: "without-unused",
  setup({ onResolve, onLoad }) {
    for (const { importer, modules } of unused) {
      onResolve({ filter: modules }, (request) =>
        request.importer.includes(importer) ? { path: request.path, namespace: "unused" } : undefined,
      );
    }
    onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/**
 * An ES module that imports one of Node's own reads every export of it once. Of http some are read lazily for a reason: its
 * WebSocket loads the client that Node's fetch uses, and that takes 16 MiB.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path }) => (isBuiltin(path) ? { path, namespace: "builtin" } : undefined));
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

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
    target: "node26",
    minify: true,
    legalComments: "external",
    banner: { js: BANNER },
    plugins: [withoutUnusedClients, withoutUnused, lazyBuiltins],
    logLevel: "warning",
  });
  // Without it Node parses the file twice to find out that it is an ES module.
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
}

/** Builds the images from the Dockerfile and the bundles; an image whose inputs have not changed is left as it is. */
export async function buildImages(names: readonly ImageName[] = NAMES, steps: Progress = progress): Promise<void> {
  const base = await baseImage(steps);
  for (const name of names) {
    await steps.step(`image ${imageName(name)}`, async ({ cached }) => {
      if (!(await buildImage(name, base))) cached();
    });
  }
}

/** Returns false when the image was there already. */
async function buildImage(name: ImageName, base: string): Promise<boolean> {
  const key = await inputKey(name, base);
  const image = fullImageName(imageName(name));
  if ((await inputsOf(image)) === key) return false;
  const argument = `NODE_IMAGE=${BASE_IMAGE}`;
  const reproducible = ["--quiet", "--pull-never", "--timestamp", "0", "--label", `${INPUTS_LABEL}=${key}`];
  await buildah(["bud", ...reproducible, "--build-arg", argument, "--target", name, "--tag", image, "."], {
    cwd: ROOT,
  });
  await pruneImages();
  return true;
}

async function inputKey(name: ImageName, base: string): Promise<string> {
  const folder = join(ROOT, "dist", name);
  const files = (await readdir(folder)).sort();
  const contents = await Promise.all(files.map((file) => readFile(join(folder, file))));
  return cacheKey([base, await readFile(join(ROOT, "Dockerfile")), ...files, ...contents]);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { images: { type: "boolean" } } });
  const unknown = positionals.filter((name) => !(NAMES as string[]).includes(name));
  if (unknown.length > 0) throw new Error(`nothing is called ${unknown.join(", ")}: choose from ${NAMES.join(", ")}`);
  const chosen = positionals.length > 0 ? (positionals as ImageName[]) : NAMES;
  await bundle(chosen);
  if (values.images) await buildImages(chosen);
}
