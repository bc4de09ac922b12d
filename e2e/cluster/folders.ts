import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

const NAME = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/;
/** Unix socket addresses have at most 107 characters; the longest name below a cluster's folder needs this many. */
const LONGEST_SOCKET = "/nodes/1/containerd.sock.ttrpc".length;
const SOCKET_LIMIT = 107;

/** Every place on disk that belongs to one cluster, all below `root`. */
export type Folders = {
  readonly root: string;
  /** Names what the cluster has outside of its folder, which all clusters of the machine share: namespaces and cgroups. */
  readonly id: string;
  readonly state: string;
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly pki: string;
  readonly logs: string;
  readonly processes: string;
  readonly etcd: string;
  readonly node: (node: number) => NodeFolders;
};

export type NodeFolders = {
  readonly root: string;
  readonly containerd: string;
  readonly socket: string;
  readonly cni: string;
  readonly kubelet: string;
  readonly volumes: string;
};

/** The folder that holds all clusters' folders: private to root, or to the user when not root. */
export function stateRoot(env: NodeJS.ProcessEnv, uid: number, temporary: string = tmpdir()): string {
  if (env.CCTELEGRAM_STATE) return env.CCTELEGRAM_STATE;
  return uid === 0 ? "/run/cctelegram" : join(temporary, `cctelegram-${uid}`);
}

/**
 * Where a cluster lives. Clusters of one name in two state folders have nothing in common. Throws when the name does not fit
 * what it is used for: files, namespaces and cgroups.
 */
export function clusterFolders(
  name: string,
  parent: string = stateRoot(process.env, process.getuid?.() ?? -1),
): Folders {
  if (!NAME.test(name)) {
    throw new Error(
      `"${name}" is no cluster name: use 1 to 20 of a-z, 0-9 and "-", starting with a letter, such as "dev"`,
    );
  }
  const root = join(parent, name);
  if (root.length + LONGEST_SOCKET > SOCKET_LIMIT) {
    throw new Error(`${root} is too long for sockets: set CCTELEGRAM_STATE to a shorter path, such as /run/cctelegram`);
  }
  return {
    root,
    id: `${name}-${createHash("sha256").update(realPath(parent)).digest("hex").slice(0, 8)}`,
    state: join(root, "cluster.json"),
    kubeconfig: join(root, "kubeconfig"),
    auditLog: join(root, "audit.jsonl"),
    pki: join(root, "pki"),
    logs: join(root, "logs"),
    processes: join(root, "processes"),
    etcd: join(root, "etcd"),
    node: (node) => nodeFolders(join(root, "nodes", String(node))),
  };
}

/** The folder itself, by whatever way it was named, also before it is made. */
function realPath(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  return join(realPath(dirname(absolute)), basename(absolute));
}

function nodeFolders(root: string): NodeFolders {
  return {
    root,
    containerd: join(root, "containerd"),
    socket: join(root, "containerd.sock"),
    cni: join(root, "cni"),
    kubelet: join(root, "kubelet"),
    volumes: join(root, "volumes"),
  };
}
