/** Files that the nodes' programs write outside the cluster's folder, at paths that cannot be configured. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Folders } from "./folders.ts";

const CONTAINER_LOGS = "/var/log/containers";
const CNI_RESULTS = "/var/lib/cni/results";
const DEVICE_PLUGINS = "/var/lib/kubelet/device-plugins";
const SHIM_SOCKETS = "/run/containerd/s";

/** Collected while the containers still exist: afterwards nothing says which files were theirs. */
export type Traces = { readonly sockets: readonly string[]; readonly sandboxes: readonly string[] };

/** What the running containers of these nodes will leave when they are killed. */
export function tracesOf(folders: Folders, nodes: readonly number[]): Traces {
  const tasks = nodes.flatMap((node) => {
    const folder = join(folders.node(node).root, "run/io.containerd.runtime.v2.task/k8s.io");
    return existsSync(folder) ? readdirSync(folder).map((id) => ({ id, folder: join(folder, id) })) : [];
  });
  return {
    sockets: tasks.flatMap(({ folder }) => socketIn(join(folder, "bootstrap.json"))),
    sandboxes: tasks.map(({ id }) => id),
  };
}

function socketIn(bootstrap: string): string[] {
  if (!existsSync(bootstrap)) return [];
  const { address = "" } = JSON.parse(readFileSync(bootstrap, "utf8")) as { address?: string };
  return address.startsWith("unix://") ? [address.slice("unix://".length)] : [];
}

/** Removes the traces, and the folders that are empty then. */
export async function removeTraces(root: string, { sockets, sandboxes }: Traces): Promise<void> {
  for (const socket of sockets) rmSync(socket, { force: true });
  for (const name of entries(CNI_RESULTS)) {
    if (sandboxes.some((id) => name.includes(id))) rmSync(join(CNI_RESULTS, name), { force: true });
  }
  for (const name of entries(CONTAINER_LOGS)) {
    const link = join(CONTAINER_LOGS, name);
    if (lstatSync(link).isSymbolicLink() && readlinkSync(link).startsWith(`${root}/`)) rmSync(link, { force: true });
  }
  const kubelet = join(DEVICE_PLUGINS, "kubelet.sock");
  if (existsSync(kubelet) && !(await isServed(kubelet))) rmSync(kubelet, { force: true });
  const parents = [CNI_RESULTS, DEVICE_PLUGINS, SHIM_SOCKETS].flatMap((folder) => [folder, join(folder, "..")]);
  for (const folder of [CONTAINER_LOGS, ...parents]) removeIfEmpty(folder);
}

/** A folder that is not empty, or does not exist, stays as it is. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It has other content, or does not exist any more.
  }
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function isServed(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on("error", () => resolve(false));
  });
}
