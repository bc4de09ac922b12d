import { accessSync, constants } from "node:fs";
import { delimiter } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { nearName } from "../near-name.ts";
import { problems } from "../problems.ts";

export type KubeOptions = {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
};

/** As kubectl finds it: the option, else KUBECONFIG, else ~/.kube/config, else the account of this pod. */
export function loadKubeConfig(
  { kubeconfig, context }: KubeOptions,
  env: Readonly<Record<string, string | undefined>>,
): KubeConfig {
  const config = new KubeConfig();
  const files =
    kubeconfig === undefined ? (env.KUBECONFIG?.split(delimiter).filter((path) => path !== "") ?? []) : [kubeconfig];
  if (files.length === 0) loadDefault(config);
  else loadFiles(config, files, kubeconfig !== undefined);
  if (context !== undefined) choose(config, context);
  if (config.getCurrentCluster() === null) throw problems.noCluster(undefined);
  return config;
}

function loadDefault(config: KubeConfig): void {
  try {
    config.loadFromDefault();
  } catch (error) {
    throw problems.noCluster(error);
  }
  // Where it finds nothing, it takes this for a cluster.
  if (config.getCurrentCluster()?.server === "http://localhost:8080") throw problems.noCluster(undefined);
}

/** Of several files the first that names something counts, as kubectl merges them. Of KUBECONFIG some may be missing. */
function loadFiles(config: KubeConfig, paths: readonly string[], required: boolean): void {
  const readable = paths.filter((path) => required || isReadable(path));
  for (const [index, path] of readable.entries()) {
    try {
      if (index === 0) config.loadFromFile(path);
      else merge(config, path);
    } catch (error) {
      throw problems.kubeconfigUnreadable(path, error instanceof Error ? error.message : String(error));
    }
  }
}

function merge(config: KubeConfig, path: string): void {
  const further = new KubeConfig();
  further.loadFromFile(path);
  const unknown = <T extends { readonly name: string }>(into: readonly T[], from: readonly T[]) => [
    ...into,
    ...from.filter(({ name }) => !into.some((known) => known.name === name)),
  ];
  config.clusters = unknown(config.clusters, further.clusters);
  config.users = unknown(config.users, further.users);
  config.contexts = unknown(config.contexts, further.contexts);
  const current = config.currentContext || further.currentContext;
  if (current) config.setCurrentContext(current);
}

function choose(config: KubeConfig, context: string): void {
  const names = config.contexts.map(({ name }) => name);
  if (!names.includes(context)) throw problems.unknownContext(context, nearName(context, names), names);
  config.setCurrentContext(context);
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
