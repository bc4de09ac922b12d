import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MOUNT = "/sys/fs/cgroup";
const isV2 = existsSync(join(MOUNT, "cgroup.controllers"));
const parent = isV2 ? MOUNT : join(MOUNT, "memory");
const limitFile = isV2 ? "memory.max" : "memory.limit_in_bytes";
const peakFile = isV2 ? "memory.peak" : "memory.max_usage_in_bytes";
const MIB = 2 ** 20;
const REMOVAL_TRIES = 200;
const REMOVAL_PAUSE_MS = 10;

let made = 0;

/** A memory cgroup, as the kubelet makes one for a container with a limit. */
export type MemoryLimit = {
  readonly folder: string;
  /** Most memory that was ever charged to it, in MiB; the page cache of files counts. */
  peak(): number;
  /** Waits a moment for its processes, which must have been ended, to be gone. */
  remove(): void;
};

/** Makes a cgroup that its processes cannot leave the limit of, in MiB: the kernel kills them first. */
export function createMemoryLimit(mebibytes: number): MemoryLimit {
  made += 1;
  if (isV2) writeFileSync(join(MOUNT, "cgroup.subtree_control"), "+memory");
  const folder = join(parent, `cctelegram-attack-${process.pid}-${made}`);
  mkdirSync(folder);
  writeFileSync(join(folder, limitFile), String(mebibytes * MIB));
  const swap = join(folder, "memory.swap.max");
  if (existsSync(swap)) writeFileSync(swap, "0");
  return {
    folder,
    peak: () => Math.round(Number(readFileSync(join(folder, peakFile), "utf8")) / MIB),
    remove: () => removeFolder(folder),
  };
}

function removeFolder(folder: string): void {
  for (let tries = 1; existsSync(folder); tries += 1) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (tries === REMOVAL_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVAL_PAUSE_MS);
    }
  }
}

/** What keeps this machine from limiting memory, or undefined. */
export function memoryLimitObstacle(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "limits of memory need Linux and root";
  try {
    createMemoryLimit(64).remove();
    return undefined;
  } catch (error) {
    return `no memory cgroup can be made here: ${(error as Error).message}`;
  }
}
