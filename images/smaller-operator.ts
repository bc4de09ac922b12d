import { isBuiltin } from "node:module";
import { join } from "node:path";
import type { Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/**
 * @kubernetes/client-node does not declare its modules free of side effects, so esbuild would keep unused clients of every
 * API: half a megabyte of code, 10 MiB of memory.
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

/** Modules that are imported and never used. They are left out together with their imports. */
const unused = [
  // For clusters behind proxies, which the operator refuses (transport.ts). Together with the next: 6 MiB of memory.
  { importer: "/@kubernetes/client-node/", modules: /^(undici|socks|socks-proxy-agent|hpagent)$/ },
  // For forked workers and for pushing: they load a dozen of Node's modules.
  { importer: "/prom-client/index.js", modules: /\/(cluster|pushgateway)$/ },
];

type Unused = readonly { readonly importer: string; readonly modules: RegExp }[];

const without = (modulesOf: Unused): Plugin => ({
  name: "without-unused",
  setup({ onResolve, onLoad }) {
    for (const { importer, modules } of modulesOf) {
      onResolve({ filter: modules }, (request) =>
        request.importer.includes(importer) ? { path: request.path, namespace: "unused" } : undefined,
      );
    }
    onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
});

/**
 * An ES module that imports a module of Node reads each of its exports once. Some exports of http are loaded on first use: its
 * WebSocket loads the client behind Node's fetch. 5 MiB of memory.
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

/**
 * Reduces the memory of the operator's bundle: 66 MiB instead of 81 without resources. The figures are those of
 * docs/performance.md, "Memory"; the server's bundle would gain nothing.
 */
export const smallerOperator: readonly Plugin[] = [withoutUnusedClients, without(unused), lazyBuiltins];

/** The plugin of kubectl asks the API server by node:http, also through proxies. undici is a megabyte, and needs a newer Node than the rest. */
export const smallerPlugin: readonly Plugin[] = [
  withoutUnusedClients,
  without([{ importer: "/@kubernetes/client-node/", modules: /^undici$/ }]),
];
