import { readFileSync } from "node:fs";
import { join } from "node:path";
import { archiveOf } from "../../images/archive.ts";
import { run } from "../../machine/command.mjs";
import { type Progress, progress, silent } from "../../machine/progress.mjs";
import { Api } from "./api.ts";
import { type ClusterState, damage, type NodeCount, readState, writeState } from "./cluster-state.ts";
import { clusterFolders, type Folders } from "./folders.ts";
import { importImage, pauseImage } from "./images.ts";
import { createNetwork } from "./network.ts";
import { nodeName, pullPlainly } from "./node.ts";
import { identify, isAlive } from "./process-identity.ts";
import { Processes } from "./processes.ts";
import { controlPlanePrograms, nodePrograms } from "./program-table.ts";
import { type PathOf, program, programs } from "./programs.ts";
import type { Releases } from "./releases.ts";
import { apiReady, type StartOptions, startControlPlane } from "./start-control-plane.ts";
import { startNodes, startRuntimes } from "./start-nodes.ts";
import { failedLogs, tearDown } from "./teardown.ts";
import { together } from "./wait.ts";

export const DEFAULT_NAME = "cctelegram";

export type UpOptions = {
  /** 1 to 20 of a-z, 0-9 and "-"; clusters with different names run side by side. Default "cctelegram". */
  readonly name?: string;
  /** 0 (default) is a control plane on loopback, which needs no root. */
  readonly nodes?: NodeCount;
  /** Keep a healthy cluster of that name and number of nodes instead of replacing it. */
  readonly reuse?: boolean;
  readonly progress?: Progress;
  /** Source of official releases (default: CCTELEGRAM_MIRROR or the release sites). */
  readonly releases?: Releases;
  /** Called when the start failed: whether to keep its logs for a person. Default: yes. */
  readonly keepsLogs?: () => boolean;
};

/** A running Kubernetes cluster. It continues to run when the program that started it ends; `down` stops it. */
export type Cluster = {
  readonly name: string;
  /** Path of a kubeconfig of a cluster administrator. */
  readonly kubeconfig: string;
  readonly server: string;
  /** Certificate of the API server's authority, PEM. */
  readonly caCert: string;
  readonly nodes: readonly string[];
  /** The machine's address as pods see it; only with nodes. */
  readonly host?: string;
  /** The API server's audit log: one JSON object per line and answered request. */
  readonly auditLog: string;
  /** Folder with one log file per process. */
  readonly logs: string;
  /** Runs kubectl against the cluster and returns what it printed. */
  readonly kubectl: (args: readonly string[], options?: { readonly input?: string }) => Promise<string>;
  /** Puts an image that was built here on every node. */
  readonly load: (image: string) => Promise<void>;
  /** Has every node pull from a registry (HOST:PORT) by plain HTTP. */
  readonly pullPlainly: (registry: string) => void;
  /** Names of the processes, for the three methods below: "kube-apiserver", "kubelet-1" and so on. */
  readonly processes: () => readonly string[];
  readonly stopProcess: (process: string) => Promise<void>;
  readonly killProcess: (process: string) => Promise<void>;
  /** Starts a process again with the same arguments, stopping it first if it runs; waits until the API server is ready if it is that. */
  readonly restart: (process: string) => Promise<void>;
  readonly down: () => Promise<void>;
};

/** Starts a cluster. One of the same name that is broken, or not to be reused, is taken down first. */
export async function up(options: UpOptions = {}): Promise<Cluster> {
  const { name = DEFAULT_NAME, nodes = 0, reuse = false, progress: steps = progress, keepsLogs = () => true } = options;
  const folders = clusterFolders(name);
  if (nodes > 0) assertCanHaveNodes();
  const state = readState(folders);
  if (reuse && state?.nodes === nodes && (await damage(folders)) === undefined) return open(folders, state);
  assertUnused(name);
  const built = await programs(nodes > 0 ? nodePrograms : controlPlanePrograms, {
    steps,
    ...(options.releases ? { releases: options.releases } : {}),
  });
  await replace(name, folders, steps);
  try {
    return await create({ name, nodes, folders, built, steps });
  } catch (error) {
    await tearDown(name, folders, { keepLogs: keepsLogs() });
    throw new Error(`cluster "${name}" did not come up (logs: ${failedLogs(folders)}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The running cluster of that name, or undefined when there is none that is ready. */
export function find(name: string = DEFAULT_NAME): Cluster | undefined {
  const folders = clusterFolders(name);
  const state = readState(folders);
  return state?.ready ? open(folders, state) : undefined;
}

/** Takes a cluster down, whatever state it is in; does nothing if there is none. */
export async function down(name: string = DEFAULT_NAME): Promise<void> {
  await tearDown(name, clusterFolders(name));
}

function assertCanHaveNodes(): void {
  if (process.platform === "linux" && process.getuid?.() === 0) return;
  throw new Error("nodes need Linux and root; a control plane alone (no nodes) works without");
}

/** The pid of another running process that has started the cluster of that name. */
export function otherUser(name: string = DEFAULT_NAME): number | undefined {
  const owner = readState(clusterFolders(name))?.owner;
  return owner && owner.pid !== process.pid && isAlive(owner) ? owner.pid : undefined;
}

/** Whether this process has started the cluster of that name. */
export function isOurs(name: string = DEFAULT_NAME): boolean {
  return readState(clusterFolders(name))?.owner.pid === process.pid;
}

export function assertUnused(name: string = DEFAULT_NAME): void {
  const pid = otherUser(name);
  if (pid !== undefined) throw new Error(`cluster "${name}" is in use by process ${pid}: end that first`);
}

async function replace(name: string, folders: Folders, steps: Progress): Promise<void> {
  if (!readState(folders)) return tearDown(name, folders);
  await steps.step(`remove the earlier cluster "${name}"`, () => tearDown(name, folders));
}

type CreateOptions = {
  readonly name: string;
  readonly nodes: NodeCount;
  readonly folders: Folders;
  readonly built: PathOf;
  readonly steps: Progress;
};

async function create({ name, nodes, folders, built, steps }: CreateOptions): Promise<Cluster> {
  const owner = identify(process.pid) ?? { pid: process.pid, startTime: "" };
  const state: ClusterState = { name, nodes, owner };
  writeState(folders, state);
  const processes = new Processes(folders.processes, folders.logs);
  const indexes = Array.from({ length: nodes }, (_, index) => index + 1);
  const start: StartOptions = { name, folders, processes, programs: built, nodes: indexes };
  const ready = nodes === 0 ? await createControlPlane(start, steps) : await createNodes(start, steps);
  const finished = { ...state, ready };
  writeState(folders, finished);
  return open(folders, finished);
}

async function createControlPlane(start: StartOptions, steps: Progress) {
  return { server: await steps.step("control plane", () => startControlPlane(start)) };
}

async function createNodes(start: StartOptions, steps: Progress) {
  const { nodes, folders } = start;
  const pause = await pauseImage(steps);
  const subnets = await steps.step("network", () => createNetwork(folders.id, nodes.length));
  const placed = { ...start, subnets };
  const [server] = await together(
    (signal: AbortSignal) => steps.step("control plane", () => startControlPlane({ ...placed, signal })),
    (signal: AbortSignal) => steps.step("container runtimes", () => startRuntimes({ ...placed, signal }, pause)),
  );
  const api = new Api(server, folders.pki, "admin");
  await steps.step(`nodes (${nodes.length})`, () => startNodes(placed, api, server)).finally(() => api.close());
  return { server, host: subnets.host };
}

function open(folders: Folders, state: ClusterState): Cluster {
  const { name, ready } = state;
  if (!ready) throw new Error(`cluster "${name}" never became ready: take it down and up again`);
  const processes = new Processes(folders.processes, folders.logs);
  const indexes = Array.from({ length: state.nodes }, (_, index) => index + 1);
  const kubectlFlags = ["--kubeconfig", folders.kubeconfig, "--cache-dir", join(folders.root, "kubectl")];
  const kubectl = once(() => program("kubectl", silent));
  const ctr = once(() => program("ctr", silent));
  return {
    name,
    kubeconfig: folders.kubeconfig,
    server: ready.server,
    caCert: readFileSync(join(folders.pki, "ca.crt"), "utf8"),
    nodes: indexes.map(nodeName),
    ...(ready.host === undefined ? {} : { host: ready.host }),
    auditLog: folders.auditLog,
    logs: folders.logs,
    kubectl: async (args, options) => run(await kubectl(), [...kubectlFlags, ...args], options),
    load: async (image) => {
      const archive = await archiveOf(image);
      const importer = await ctr();
      await Promise.all(indexes.map((node) => importImage(archive, folders.node(node), importer)));
    },
    pullPlainly: (registry) => {
      for (const node of indexes) pullPlainly(folders.node(node), registry);
    },
    processes: () => processes.list().map((record) => record.name),
    stopProcess: (process) => processes.stop(process),
    killProcess: (process) => processes.kill(process),
    restart: async (process) => {
      await processes.restart(process);
      if (process === "kube-apiserver" || process === "etcd") await apiReady(ready.server, folders, processes);
    },
    down: () => tearDown(name, folders),
  };
}

/** Evaluates once, however often the result is needed. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
