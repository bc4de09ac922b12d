import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Api } from "./api.ts";
import { controlPlaneCertificates, makeCertificates, nodeCertificates } from "./certificates.ts";
import * as controlPlane from "./control-plane.ts";
import type { Folders } from "./folders.ts";
import { freePorts } from "./free-ports.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { namespaceOf } from "./network.ts";
import { nodeName } from "./node.ts";
import type { Processes } from "./processes.ts";
import type { PathOf } from "./programs.ts";
import type { Subnets } from "./subnets.ts";
import { waitFor } from "./wait.ts";

export type StartOptions = {
  readonly name: string;
  readonly folders: Folders;
  readonly processes: Processes;
  readonly programs: PathOf;
  readonly nodes: readonly number[];
  /** Left out if the cluster has no nodes: then everything listens on loopback. */
  readonly subnets?: Subnets;
  /** Ends every wait. */
  readonly signal?: AbortSignal;
};

/** The folder with the components' kubeconfigs. */
export function kubeconfigsOf(folders: Folders): string {
  return join(folders.root, "kubeconfigs");
}

const READY_TIMEOUT_MS = 60_000;
const SERVICES_WITHOUT_NODES = "10.96.0.0/16";

/** Starts etcd, API server, controllers and scheduler and returns the API's URL once it is ready. */
export async function startControlPlane(options: StartOptions): Promise<string> {
  const { folders, processes, subnets } = options;
  const address = subnets?.node(1) ?? "127.0.0.1";
  const ports = subnets ? [6443, 2379, 2380] : await freePorts(3);
  const [api = 0, etcdClient = 0, etcdPeer = 0] = ports;
  const server = `https://${address}:${api}`;
  await prepareFiles(options, server, address);
  const settings: controlPlane.ControlPlaneOptions = {
    programs: options.programs,
    pki: folders.pki,
    kubeconfigs: kubeconfigsOf(folders),
    etcdFolder: folders.etcd,
    auditPolicy: join(folders.root, "audit-policy.json"),
    auditLog: folders.auditLog,
    address,
    ports: { api, etcd: etcdClient, etcdPeer },
    services: subnets?.services ?? SERVICES_WITHOUT_NODES,
    ...(subnets ? { namespace: namespaceOf(folders.id, 1) } : {}),
  };
  processes.start(controlPlane.etcd(settings));
  processes.start(controlPlane.apiServer(settings));
  await apiReady(server, folders, processes, options.signal);
  processes.start(controlPlane.controllerManager(settings));
  if (subnets) processes.start(controlPlane.scheduler(settings));
  return server;
}

async function prepareFiles({ folders, subnets, nodes, name }: StartOptions, server: string, address: string) {
  mkdirSync(kubeconfigsOf(folders), { recursive: true, mode: 0o700 });
  writeFileSync(join(folders.root, "audit-policy.json"), JSON.stringify(controlPlane.AUDIT_POLICY));
  const service = subnets?.kubernetesService ?? "10.96.0.1";
  const places = subnets ? nodes.map((node) => ({ name: nodeName(node), address: subnets.node(node) })) : [];
  const certificates = [
    ...controlPlaneCertificates([address, service]),
    ...(places.length > 0 ? nodeCertificates(places) : []),
  ];
  await makeCertificates(folders.pki, certificates);
  const write = (user: string, path: string) =>
    writeKubeconfig(path, { pki: folders.pki, user, server, cluster: name });
  write("admin", folders.kubeconfig);
  for (const { file, hosts } of certificates) {
    if (hosts === undefined && file !== "admin") write(file, join(kubeconfigsOf(folders), `${file}.kubeconfig`));
  }
}

/** Waits for the API server. If etcd or the API server ends, it throws with the output of that process. */
export async function apiReady(
  server: string,
  folders: Folders,
  processes: Processes,
  signal?: AbortSignal,
): Promise<void> {
  const api = new Api(server, folders.pki, "admin");
  try {
    await waitFor(
      async () => {
        processes.assertAlive("etcd");
        processes.assertAlive("kube-apiserver");
        return api.isReady();
      },
      { what: "the API server", timeoutMs: READY_TIMEOUT_MS, signal },
    );
  } finally {
    api.close();
  }
}
