import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "./api.ts";
import { flags } from "./control-plane.ts";
import { namespaceOf } from "./network.ts";
import type { ProcessSpec } from "./processes.ts";
import type { PathOf } from "./programs.ts";
import type { Subnets } from "./subnets.ts";

/** The readiness endpoint of CoreDNS. */
export const DNS_READY_PORT = 8181;
export const PROVISIONER = "cctelegram.io/local";
const METRICS_PORT = 4443;
const RBAC = "rbac.authorization.k8s.io";

export type AddonOptions = {
  /** Of the cluster: see `Folders`. */
  readonly id: string;
  readonly root: string;
  readonly pki: string;
  readonly kubeconfigs: string;
  readonly subnets: Subnets;
  readonly programs: PathOf;
  readonly server: string;
};

/** Cluster DNS. A name outside the cluster does not exist: nothing can be reached there, and it should fail at once. */
export function coreDns({ id, root, kubeconfigs, subnets, programs }: AddonOptions): ProcessSpec {
  const address = subnets.node(1);
  const file = join(root, "Corefile");
  const zones = "cluster.local in-addr.arpa ip6.arpa";
  const lines = [
    `${zones} {`,
    `  bind ${address}`,
    "  errors",
    `  ready ${address}:${DNS_READY_PORT}`,
    `  kubernetes ${zones} {`,
    `    kubeconfig ${join(kubeconfigs, "coredns.kubeconfig")}`,
    "    ttl 5",
    "  }",
    "}",
    // In its own block: in the same block the template would answer before the cluster's zone.
    ". {",
    `  bind ${address}`,
    "  template ANY ANY {",
    "    rcode NXDOMAIN",
    "  }",
    "}",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const command = programs("coredns");
  return { name: "coredns", command, args: ["-conf", file], namespace: namespaceOf(id, 1) };
}

export function metricsServer({ id, pki, kubeconfigs, subnets, programs }: AddonOptions): ProcessSpec {
  const kubeconfig = join(kubeconfigs, "metrics-server.kubeconfig");
  return {
    name: "metrics-server",
    command: programs("metrics-server"),
    namespace: namespaceOf(id, 1),
    args: flags({
      kubeconfig,
      "authentication-kubeconfig": kubeconfig,
      "authorization-kubeconfig": kubeconfig,
      "bind-address": subnets.node(1),
      "secure-port": METRICS_PORT,
      "tls-cert-file": join(pki, "metrics-server-serving.crt"),
      "tls-private-key-file": join(pki, "metrics-server-serving.key"),
      "kubelet-certificate-authority": join(pki, "ca.crt"),
      "kubelet-preferred-address-types": "InternalIP",
      "kubelet-request-timeout": "5s",
      "metric-resolution": "15s",
    }),
  };
}

export function provisioner({ root, pki, server }: AddonOptions): ProcessSpec {
  const program = join(import.meta.dirname, "provisioner.ts");
  return { name: "local-provisioner", command: process.execPath, args: [program, server, pki, join(root, "nodes")] };
}

/** The objects that the add-ons need: their rights, the metrics API and the default storage class. */
export async function applyAddons(api: Api, { pki, subnets }: AddonOptions): Promise<void> {
  const ca = readFileSync(join(pki, "ca.crt")).toString("base64");
  const applied = [
    ...grants(),
    ...roles().map((role) => ({ to: `/apis/${RBAC}/v1/clusterroles`, manifest: role })),
    ...metricsApi(subnets, ca),
    { to: "/apis/storage.k8s.io/v1/storageclasses", manifest: STORAGE_CLASS },
  ];
  await Promise.all(applied.map(({ to, manifest }) => api.apply(to, manifest)));
}

const STORAGE_CLASS = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
};

function roles() {
  const read = ["get", "list", "watch"];
  const rules = {
    coredns: [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: read },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
    ],
    "metrics-server": [
      { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods", "nodes"], verbs: read },
    ],
    "local-provisioner": [
      { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: read },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...read, "create", "delete"] },
    ],
  };
  return Object.entries(rules).map(([name, list]) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name: `cluster:${name}` },
    rules: list,
  }));
}

function grants() {
  const binding = (user: string, role: string) => ({
    to: `/apis/${RBAC}/v1/clusterrolebindings`,
    manifest: {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: `cluster:${user}:${role.replaceAll(":", "-")}` },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: RBAC, kind: "User", name: user }],
    },
  });
  const programs = ["coredns", "metrics-server", "local-provisioner"];
  const authReader = {
    to: `/apis/${RBAC}/v1/namespaces/kube-system/rolebindings`,
    manifest: {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: "cluster:metrics-server" },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "extension-apiserver-authentication-reader" },
      subjects: [{ apiGroup: RBAC, kind: "User", name: "metrics-server" }],
    },
  };
  return [
    ...programs.map((user) => binding(user, `cluster:${user}`)),
    binding("metrics-server", "system:auth-delegator"),
    authReader,
  ];
}

/** A Service without selector whose endpoint is the program, and the API that it serves. */
function metricsApi(subnets: Subnets, caBundle: string) {
  const metadata = { name: "metrics-server", namespace: "kube-system" };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { ports: [{ name: "https", port: 443, targetPort: METRICS_PORT }] },
  };
  const endpoints = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": "metrics-server" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [subnets.node(1)], conditions: { ready: true } }],
    ports: [{ name: "https", port: METRICS_PORT, protocol: "TCP" }],
  };
  const group = "metrics.k8s.io";
  const registration = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1beta1.${group}` },
    spec: {
      service: metadata,
      group,
      version: "v1beta1",
      caBundle,
      groupPriorityMinimum: 100,
      versionPriority: 100,
    },
  };
  return [
    { to: "/api/v1/namespaces/kube-system/services", manifest: service },
    { to: "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", manifest: endpoints },
    { to: "/apis/apiregistration.k8s.io/v1/apiservices", manifest: registration },
  ];
}
