import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { untilServed } from "../e2e/installation.ts";
import { cached, cacheKey } from "../machine/cache.ts";
import { run } from "../machine/command.mjs";
import { progress } from "../machine/progress.mjs";
import * as types from "../operator/deployment/resource-types.ts";
import { apiVersionOf } from "../operator/runtime/resource-type.ts";
import { bareChildren } from "./bare.ts";
import { create, namespace } from "./fleet.ts";
import type { Peer } from "./peer.ts";

/** Stands in the templates where the name of a resource belongs; main.go knows it. */
const placeholder = "placeholder";

/** An operator by Go's controller-runtime that makes the same children as ours, built on first use. */
export async function controllerRuntime(folder: string): Promise<Peer> {
  const built = await buildOf("controller-runtime", ".");
  const templates = join(folder, "templates.json");
  writeTemplates(templates);
  return {
    name: "controller-runtime",
    agent: "cctelegram-reference",
    program: join(built, "controller-runtime"),
    resources: types.cctelegramDeployments.plural,
    childrenEach: bareChildren(placeholder).length,
    prepare: () => Promise.resolve(),
    create,
    args: ({ kubeconfig, probes, metrics }) =>
      Object.entries({ kubeconfig, templates, probes, metrics }).flatMap(([name, value]) => [`--${name}`, value]),
  };
}

const mcpServers = "mcpservers.kagent.dev";
const definition = "config/crd/bases/kagent.dev_mcpservers.yaml";

/** kmcp as its authors release it, from the source that go.sum names: each of its resources has four children. */
export async function kmcp(): Promise<Peer> {
  const built = await buildOf("kmcp", "github.com/kagent-dev/kmcp/cmd", async (target, go) => {
    const folder = (await go(["list", "-m", "-f", "{{.Dir}}", "github.com/kagent-dev/kmcp"])).trim();
    copyFileSync(join(folder, definition), join(target, "definition.yaml"));
  });
  return {
    name: "kmcp",
    agent: "kmcp",
    program: join(built, "kmcp"),
    resources: "mcpservers",
    childrenEach: 4,
    prepare: async ({ kubectl }) => {
      const input = readFileSync(join(built, "definition.yaml"), "utf8");
      await kubectl(["apply", "--server-side", "-f", "-"], { input });
      await untilServed({ kubectl }, mcpServers);
    },
    create: (client, name) => {
      const deployment = { image: "cctelegram/server:bench", replicas: 2, port: 8080 };
      return client.request({
        method: "POST",
        path: `/apis/kagent.dev/v1alpha1/namespaces/${namespace}/mcpservers`,
        body: {
          ...{ apiVersion: "kagent.dev/v1alpha1", kind: "MCPServer", metadata: { name, namespace } },
          spec: { transportType: "http", httpTransport: { targetPort: 8080, path: "/mcp" }, deployment },
        },
      });
    },
    args: ({ kubeconfig, probes, metrics }) => [
      ...["--kubeconfig", kubeconfig, "--health-probe-bind-address", probes],
      ...["--metrics-bind-address", metrics, "--metrics-secure=false"],
    ],
  };
}

type Go = (args: readonly string[]) => Promise<string>;

/** The folder with the program of a module below bench/reference/, built when its sources or sums have changed. */
function buildOf(module: string, path: string, further?: (target: string, go: Go) => Promise<void>): Promise<string> {
  const sources = join(import.meta.dirname, "reference", module);
  return progress.step(`${module} in Go`, async ({ cached: markCached }) => {
    const files = (await readdir(sources)).toSorted();
    const contents = await Promise.all(files.map((file) => readFile(join(sources, file))));
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-modcacherw", GOWORK: "off" };
    const go: Go = (args) => run("go", args, { cwd: sources, env, group: true });
    const build = async (target: string) => {
      await go(["build", "-trimpath", "-ldflags", "-s -w", "-o", join(target, module), path]);
      await further?.(target, go);
    };
    const key = cacheKey([module, path, ...files, ...contents]);
    const { folder, hit } = await cached({ kind: "bench/reference", key, build });
    if (hit) markCached();
    return folder;
  });
}

/** The children of a resource, for main.go to fill in. */
function writeTemplates(path: string): void {
  const templates = bareChildren(placeholder).map(({ type, object }) => {
    const { namespace: _, ...metadata } = object.metadata;
    return { ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata };
  });
  writeFileSync(path, JSON.stringify(templates));
}
