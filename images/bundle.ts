import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { type Progress, progress } from "../machine/progress.mjs";
import { type ImageName, imageNames } from "./names.ts";

const ROOT = join(import.meta.dirname, "..");

const ENTRIES: Readonly<Record<ImageName, string>> = {
  server: "server/main.ts",
  operator: "operator/main.ts",
  telegram: "test/telegram/main.ts",
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
