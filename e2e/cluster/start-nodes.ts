import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Archive } from "../../images/archive.ts";
import { type AddonOptions, applyAddons, coreDns, DNS_READY_PORT, metricsServer, provisioner } from "./addons.ts";
import type { Api } from "./api.ts";
import { importImage } from "./images.ts";
import { namespaceOf } from "./network.ts";
import { agentName, isEnforced, loadQueueingRules, networkPolicyAgent, prepareAgents } from "./network-policies.ts";
import { containerd, kubelet, kubeProxy, type NodeOptions, nodeName, prepareNode } from "./node.ts";
import { kubeconfigsOf, type StartOptions } from "./start-control-plane.ts";
import type { Subnets } from "./subnets.ts";
import { together, waitFor } from "./wait.ts";

const CONTAINERD_TIMEOUT_MS = 30_000;
const NODE_TIMEOUT_MS = 60_000;

type WithSubnets = StartOptions & { readonly subnets: Subnets };

function nodeOptions({ folders, programs, subnets }: WithSubnets, node: number): NodeOptions {
  return {
    id: folders.id,
    node,
    folders: folders.node(node),
    pki: folders.pki,
    kubeconfigs: kubeconfigsOf(folders),
    subnets,
    programs,
  };
}

/** Starts containerd on every node and gives it the image that every pod needs. Needs no control plane. */
export async function startRuntimes(options: WithSubnets, pause: Archive): Promise<void> {
  const nodes = options.nodes.map((node) => nodeOptions(options, node));
  for (const node of nodes) {
    prepareNode(node);
    options.processes.start(containerd(node));
  }
  await Promise.all(nodes.map((node) => importOnceUp(node, pause, options)));
}

async function importOnceUp(node: NodeOptions, pause: Archive, { processes, signal }: StartOptions): Promise<void> {
  let last: unknown;
  const imported = async () => {
    processes.assertAlive(`containerd-${node.node}`);
    return importImage(pause, node.folders, node.programs("ctr")).then(
      () => true,
      (error: unknown) => {
        last = error;
        return false;
      },
    );
  };
  await waitFor(imported, { what: "containerd", timeoutMs: CONTAINERD_TIMEOUT_MS, signal }).catch((error: Error) => {
    throw new Error(error.message, { cause: last });
  });
}

/** Starts kubelets and the other programs of nodes, and waits until pods can be scheduled on all nodes. */
export async function startNodes(options: WithSubnets, api: Api, server: string): Promise<void> {
  const { processes, folders, subnets, programs } = options;
  await startAgents(options, api, server);
  for (const node of options.nodes.map((index) => nodeOptions(options, index))) {
    processes.start(kubelet(node));
    processes.start(kubeProxy(node));
  }
  const addons: AddonOptions = {
    id: folders.id,
    root: folders.root,
    pki: folders.pki,
    kubeconfigs: kubeconfigsOf(folders),
    subnets,
    programs,
    server,
  };
  await applyAddons(api, addons);
  for (const program of [coreDns, metricsServer, provisioner]) processes.start(program(addons));
  const wait = (what: string, ask: () => Promise<boolean>) => (signal: AbortSignal) =>
    waitFor(ask, { what, timeoutMs: NODE_TIMEOUT_MS, signal });
  await together(
    ...options.nodes.map((node) =>
      wait(`${nodeName(node)} to be ready`, async () => {
        processes.assertAlive(`kubelet-${node}`);
        return isSchedulable(api, nodeName(node));
      }),
    ),
    ...options.nodes.map((node) =>
      wait(`network policies on ${nodeName(node)}`, async () => {
        processes.assertAlive(agentName(node));
        return isEnforced(namespaceOf(folders.id, node));
      }),
    ),
    wait("cluster DNS", () => answers(`http://${subnets.node(1)}:${DNS_READY_PORT}/ready`)),
    wait("the default service account", () => exists(api, "/api/v1/namespaces/default/serviceaccounts/default")),
  );
}

/** Starts the agents for network policies, before there are pods. */
async function startAgents(options: WithSubnets, api: Api, server: string): Promise<void> {
  const { folders, processes, nodes, subnets, programs } = options;
  const varRun = join(folders.root, "network-policies");
  await prepareAgents(api, varRun, readFileSync(join(folders.pki, "ca.crt"), "utf8"));
  for (const node of nodes) {
    const namespace = namespaceOf(folders.id, node);
    await loadQueueingRules(namespace, subnets);
    processes.start(networkPolicyAgent({ node, namespace, varRun, server, programs }));
  }
}

type Node = {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

async function isSchedulable(api: Api, name: string): Promise<boolean> {
  const node = await api.request<Node>("GET", `/api/v1/nodes/${name}`).catch(() => undefined);
  const ready = node?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  return ready === true && (node?.spec.taints ?? []).length === 0;
}

function exists(api: Api, path: string): Promise<boolean> {
  return api.request("GET", path).then(
    () => true,
    () => false,
  );
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
