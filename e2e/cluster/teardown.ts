import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { run } from "../../machine/command.mjs";
import { cgroupOf, processesIn, removeCgroup } from "./cgroups.ts";
import type { Folders } from "./folders.ts";
import { deleteNetwork, namespacesOf } from "./network.ts";
import { identify, isAlive, type ProcessIdentity, signal } from "./process-identity.ts";
import { Processes } from "./processes.ts";
import { removeIfEmpty, removeTraces, type Traces, tracesOf } from "./traces.ts";
import { waitFor } from "./wait.ts";

const MAX_NODES = 2;
/** Without etcd the API server ignores SIGTERM for minutes, so it is stopped first; neither has data worth a longer wait. */
const LAST = ["kube-apiserver", "etcd"];
const GRACE_MS = 500;

export type TeardownOptions = {
  /** Keep the logs of a cluster that did not start, beside its folder. */
  readonly keepLogs?: boolean;
};

/** Stops a cluster and removes what it created. Throws with a list of everything that is left. Does nothing if there is none. */
export async function tearDown(name: string, folders: Folders, options: TeardownOptions = {}): Promise<void> {
  const processes = new Processes(folders.processes, folders.logs);
  const running = processes.list().map((record) => record.name);
  const kubelets = running.filter((process) => process.startsWith("kubelet-"));
  await Promise.all(kubelets.map((process) => processes.stop(process, GRACE_MS)));
  const traces = tracesOf(folders, nodes());
  if (canHaveNodes()) await endContainers(folders);
  const others = running.filter((process) => !kubelets.includes(process) && !LAST.includes(process));
  await Promise.all(others.map((process) => processes.stop(process, GRACE_MS)));
  for (const process of LAST) if (running.includes(process)) await processes.stop(process, GRACE_MS);
  await processes.killUnrecorded();
  if (canHaveNodes()) await removeNodes(folders, traces);
  if (options.keepLogs && existsSync(folders.logs)) keepLogs(folders);
  const left = canHaveNodes() ? await leftovers(folders) : [];
  // Deleting through a mount would delete what is mounted.
  if (mountsBelow(folders.root).length === 0) rmSync(folders.root, { recursive: true, force: true });
  removeIfEmpty(dirname(folders.root));
  if (left.length > 0) throw new Error(`cluster "${name}" could not be removed completely, left: ${left.join(", ")}`);
}

/** Only root can create nodes, and only on Linux. */
function canHaveNodes(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0;
}

export function failedLogs(folders: Folders): string {
  return `${folders.root}-failed-logs`;
}

function keepLogs(folders: Folders): void {
  rmSync(failedLogs(folders), { recursive: true, force: true });
  renameSync(folders.logs, failedLogs(folders));
}

function nodes(): number[] {
  return Array.from({ length: MAX_NODES }, (_, index) => index + 1);
}

/** Kills what runs in the nodes' cgroups, which is every container, then the shims that watched over them. */
async function endContainers(folders: Folders): Promise<void> {
  const inside = () => nodes().flatMap((node) => processesIn(cgroupOf(folders.id, node)));
  const killAll = () => {
    const pids = inside();
    for (const pid of pids) signal(identify(pid) ?? { pid, startTime: "" }, "SIGKILL");
    return pids.length === 0;
  };
  await waitFor(killAll, { what: "containers to end", timeoutMs: 10_000 }).catch(() => undefined);
  const found = shims(folders.root);
  for (const shim of found) signal(shim, "SIGKILL");
  const gone = () => !found.some(isAlive);
  await waitFor(gone, { what: "containerd-shim to end", timeoutMs: 5_000 }).catch(() => undefined);
}

function shims(root: string): ProcessIdentity[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => {
    const identity = isShimBelow(root, pid) ? identify(Number(pid)) : undefined;
    return identity ? [identity] : [];
  });
}

function isShimBelow(root: string, pid: string): boolean {
  try {
    const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return program.includes("containerd-shim") && args.some((arg) => arg.startsWith(`${root}/nodes/`));
  } catch {
    return false;
  }
}

async function removeNodes(folders: Folders, traces: Traces): Promise<void> {
  await unmountBelow(folders.root);
  await deleteNetwork(folders.id);
  const emptied = () => nodes().every((node) => removeCgroup(cgroupOf(folders.id, node)).length === 0);
  await waitFor(emptied, { what: "cgroups to empty", timeoutMs: 3_000 }).catch(() => undefined);
  await removeTraces(folders.root, traces);
}

/** Points of all mounts below the folder, innermost last. Field 5 of mountinfo, in which a space reads \040. */
export function mountPoints(mountinfo: string, root: string): string[] {
  const points = mountinfo.split("\n").map((line) => line.split(" ")[4] ?? "");
  const decoded = points.map((point) =>
    point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
  );
  return decoded.filter((point) => point.startsWith(`${root}/`));
}

function mountsBelow(root: string): string[] {
  return process.platform === "linux" ? mountPoints(readFileSync("/proc/self/mountinfo", "utf8"), root) : [];
}

async function unmountBelow(root: string): Promise<void> {
  const points = mountsBelow(root).reverse();
  if (points.length > 0) await run("umount", points).catch(() => undefined);
  const stubborn = mountsBelow(root).reverse();
  if (stubborn.length > 0) await run("umount", ["--lazy", ...stubborn]).catch(() => undefined);
}

async function leftovers(folders: Folders): Promise<string[]> {
  const pids = nodes().flatMap((node) => processesIn(cgroupOf(folders.id, node)));
  const cgroups = nodes().flatMap((node) => removeCgroup(cgroupOf(folders.id, node)));
  return [
    ...[...pids, ...shims(folders.root).map(({ pid }) => pid)].map((pid) => `process ${pid}`),
    ...mountsBelow(folders.root).map((point) => `mount ${point}`),
    ...(await namespacesOf(folders.id)).map((namespace) => `network namespace ${namespace}`),
    ...cgroups.map((folder) => `cgroup ${folder}`),
  ];
}
