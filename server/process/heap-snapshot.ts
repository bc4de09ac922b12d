import { constants } from "node:fs";
import { access, type FileHandle, lstat, open, readdir, realpath, rename, statfs, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { codeOf } from "./start-error.ts";

export type HeapSnapshotOptions = {
  readonly directory: string;
  /** Names the process among those that write there. */
  readonly instance: string;
  readonly pid: number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** Bytes that the heap has now. */
  readonly heapBytes: () => number;
  /** Stops the program while it looks at the heap. */
  readonly snapshot: () => Readable;
  /** Bytes that are free in a folder. */
  readonly freeBytes: (directory: string) => Promise<number>;
  /** Bytes of memory that this process may still take. */
  readonly freeMemory: () => number;
  /** Ends the writing; nothing of it is left. */
  readonly signal: AbortSignal;
};

/** Why no snapshot is written, and what to do. */
export class SnapshotRefused extends Error {
  override readonly name = "SnapshotRefused";
}

/** Snapshots in a folder, begun ones included. */
const most = 3;
const ending = ".heapsnapshot";
const spareBytes = 64 * 2 ** 20;
/** V8 has a copy of every node and edge of the heap: of many small objects it takes 14 times what they do. */
const memoryFactor = 16;

/**
 * Writes a snapshot of the heap, and resolves with its path. It is for the owner alone, and has its name when it is whole.
 * Rejects with SnapshotRefused.
 */
export async function writeHeapSnapshot(options: HeapSnapshotOptions): Promise<string> {
  const directory = await usable(options.directory);
  await requireSpace(directory, options);
  const { instance, pid, clock } = options;
  const time = new Date(clock()).toISOString().replace(/[-:.]/g, "");
  const path = join(directory, `${instance.replace(/[^A-Za-z0-9._-]/g, "_")}-${pid}-${time}${ending}`);
  const partial = `${path}.partial`;
  const file = await open(partial, "wx", 0o600);
  try {
    // After this one is there: of two processes at the last place both see that it is taken.
    await requirePlace(directory);
    await fill(file, options);
    await rename(partial, path);
    return path;
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(partial).catch(() => {});
    throw codeOf(error) === "ENOSPC" ? new SnapshotRefused(`there is not enough space in ${directory}`) : error;
  }
}

async function fill(file: FileHandle, { snapshot, signal }: HeapSnapshotOptions): Promise<void> {
  await pipeline(snapshot(), file.createWriteStream(), { signal });
}

/** Bytes that this user may still write in a folder. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

async function usable(named: string): Promise<string> {
  try {
    const directory = await realpath(named);
    if (!(await lstat(directory)).isDirectory()) throw new SnapshotRefused(`${named} is not a folder`);
    await access(directory, constants.W_OK | constants.X_OK);
    await refuseKubernetesFiles(directory);
    return directory;
  } catch (error) {
    if (error instanceof SnapshotRefused) throw error;
    throw new SnapshotRefused(
      `${named} cannot be written (${codeOf(error) ?? "unknown"}); make it, for this user alone`,
    );
  }
}

/** Volumes of Secrets and ConfigMaps have this link at their root; whatever is written there, others are given to read. */
async function refuseKubernetesFiles(directory: string): Promise<void> {
  const link = await lstat(join(directory, "..data")).catch(() => undefined);
  if (link !== undefined) {
    throw new SnapshotRefused(`${directory} is the volume of a Secret or ConfigMap; name another folder`);
  }
  if (dirname(directory) !== directory) await refuseKubernetesFiles(dirname(directory));
}

async function requireSpace(directory: string, { heapBytes, ...free }: HeapSnapshotOptions): Promise<void> {
  const heap = heapBytes();
  const [disk, memory] = [await free.freeBytes(directory), free.freeMemory()];
  const [neededDisk, neededMemory] = [heap * 2 + spareBytes, heap * memoryFactor];
  if (disk < neededDisk) throw tooLittle(`${directory} has`, disk, neededDisk, "");
  // The kernel would end the process, and the snapshot with it.
  if (memory < neededMemory) throw tooLittle("this process has memory of", memory, neededMemory, "; raise its limit");
}

function tooLittle(what: string, left: number, needed: number, advice: string): SnapshotRefused {
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return new SnapshotRefused(`${what} ${mebibytes(left)} left, and ${mebibytes(needed)} are needed${advice}`);
}

async function requirePlace(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.includes(ending));
  if (names.length > most) throw new SnapshotRefused(`there are ${most} in ${directory} already; delete one`);
}
