import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../machine/command.mjs";
import type { Api } from "./api.ts";
import { flags } from "./control-plane.ts";
import { inNamespace, type ProcessSpec } from "./processes.ts";
import type { PathOf } from "./programs.ts";
import type { Subnets } from "./subnets.ts";

const QUEUE = 98;
const NAME = "network-policies";
const RBAC = "rbac.authorization.k8s.io/v1";
const ACCOUNTS = "/api/v1/namespaces/kube-system/serviceaccounts";
const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace: "kube-system" } };
const ROLE = {
  apiVersion: RBAC,
  kind: "ClusterRole",
  metadata: { name: `cluster:${NAME}` },
  rules: [
    { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
    { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"] },
  ],
};
const BINDING = {
  apiVersion: RBAC,
  kind: "ClusterRoleBinding",
  metadata: ROLE.metadata,
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: ROLE.metadata.name },
  subjects: [{ kind: "ServiceAccount", ...ACCOUNT.metadata }],
};
const YEAR_S = 365 * 24 * 3600;
/** Where a program in a pod finds its token. */
const CREDENTIALS = "secrets/kubernetes.io/serviceaccount";

export type AgentOptions = {
  readonly node: number;
  /** Network namespace of the node. */
  readonly namespace: string;
  /** Folder with the content of a pod's /var/run. */
  readonly varRun: string;
  readonly programs: PathOf;
  readonly server: string;
};

export const agentName = (node: number) => `${NAME}-${node}`;

/** The agent that decides about each new connection of the node's pods. It only supports running in a pod. */
export function networkPolicyAgent({ node, namespace, varRun, programs, server }: AgentOptions): ProcessSpec {
  const { hostname, port } = new URL(server);
  const agent = programs("kube-network-policies");
  const args = flags({
    "nfqueue-id": QUEUE,
    // Its own nftables rules would stop the traffic of the machine and of the kubelet, and many kernels cannot load them. They
    // are limited to the pods of a node of this name, which does not exist; the rules below queue packets instead.
    "hostname-override": "none",
    "disable-nri": true,
    "metrics-bind-address": "127.0.0.1:9080",
  });
  return {
    name: agentName(node),
    command: "unshare",
    args: ["--mount", "sh", "-c", 'mount --bind "$0" /var/run && exec "$@"', varRun, agent, ...args],
    env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    namespace,
  };
}

/** Creates the agents' account and its rights, and writes its credentials to the paths that a pod would have below /var/run. */
export async function prepareAgents(api: Api, varRun: string, caCert: string): Promise<void> {
  await api.apply(ACCOUNTS, ACCOUNT);
  await api.apply(`/apis/${RBAC}/clusterroles`, ROLE);
  await api.apply(`/apis/${RBAC}/clusterrolebindings`, BINDING);
  const { status } = await api.request<{ status: { token: string } }>("POST", `${ACCOUNTS}/${NAME}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: YEAR_S },
  });
  mkdirSync(join(varRun, CREDENTIALS), { recursive: true, mode: 0o700 });
  writeFileSync(join(varRun, CREDENTIALS, "token"), status.token, { mode: 0o600 });
  writeFileSync(join(varRun, CREDENTIALS, "ca.crt"), caCert);
}

/**
 * Rules that queue each new connection from and to pods for the agent, after Services are resolved and before addresses are
 * rewritten. Connections from nodes, and so from the machine, are allowed, as the kubelet needs it. While no agent runs, all are.
 */
function queueingRules({ pods, nodes }: Subnets): string {
  // Two DNS requests at once from one port race in conntrack when they wait after it (netfilter bug 1766, Linux < 6.12).
  const dns = "-p udp --dport 53";
  return [
    "*mangle",
    ":POLICIES - [0:0]",
    "-A POLICIES -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
    `-A POLICIES -s ${nodes} -j RETURN`,
    "-A POLICIES -m addrtype --src-type LOCAL -j RETURN",
    `-A POLICIES -j NFQUEUE --queue-num ${QUEUE} --queue-bypass`,
    `-A PREROUTING -s ${pods} ${dns} -j POLICIES`,
    `-A INPUT ${dns} -j RETURN`,
    `-A INPUT -s ${pods} -j POLICIES`,
    `-A POSTROUTING ${dns} -j RETURN`,
    "-A POSTROUTING -j POLICIES",
    "COMMIT",
    "",
  ].join("\n");
}

/** Loads the rules in a node's network namespace. */
export async function loadQueueingRules(namespace: string, subnets: Subnets): Promise<void> {
  const [command = "", ...args] = inNamespace(namespace, "iptables-restore", ["--noflush"]);
  await run(command, args, { input: queueingRules(subnets) }).catch((cause: unknown) => {
    throw new Error("network policies need a kernel with NFQUEUE (modules xt_NFQUEUE and nfnetlink_queue)", { cause });
  });
}

/** Whether an agent listens to the queue of that network namespace: only then policies are enforced. */
export async function isEnforced(namespace: string): Promise<boolean> {
  const [command = "", ...args] = inNamespace(namespace, "cat", ["/proc/net/netfilter/nfnetlink_queue"]);
  const queues = await run(command, args);
  return queues.split("\n").some((line) => line.trim().split(/\s+/)[0] === String(QUEUE));
}
