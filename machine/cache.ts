import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "./cache-root.mjs";

const KEPT_ENTRIES = 3;
const UNFINISHED = /^\.unfinished-(\d+)-/;

/** A key that changes when any input changes, also when text moves from one input to the next. */
export function cacheKey(inputs: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(`${Buffer.byteLength(input)}:`).update(input);
  return hash.digest("hex").slice(0, 20);
}

export type CacheEntry = {
  readonly root?: string;
  /** Folder of entries that replace each other, such as `binaries/etcd`. */
  readonly kind: string;
  readonly key: string;
  /** How many entries of the kind are kept, this one included (default 3). */
  readonly keep?: number;
  /** Writes the entry to the given empty folder. */
  readonly build: (folder: string) => Promise<void>;
};

/**
 * The folder of an entry, built if it is missing. A build happens in a separate folder, which is then renamed,
 * so that a killed build leaves no incomplete entry.
 */
export async function cached(entry: CacheEntry): Promise<{ folder: string; hit: boolean }> {
  const parent = join(entry.root ?? cacheRoot(), entry.kind);
  const folder = join(parent, entry.key);
  if ((await findCached(entry)) !== undefined) return { folder, hit: true };
  await mkdir(parent, { recursive: true });
  // A separate one for each build: this process may build the same entry twice at a time.
  const unfinished = await mkdtemp(join(parent, `.unfinished-${process.pid}-`));
  try {
    await entry.build(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process was faster with the same inputs: its result is as good.
    if (!existsSync(folder)) throw error;
  }
  await prune(parent, entry.key, entry.keep ?? KEPT_ENTRIES);
  return { folder, hit: false };
}

/** The folder of an entry that has been built. The look-up counts as use. */
export async function findCached({ root, kind, key }: Omit<CacheEntry, "build" | "keep">): Promise<string | undefined> {
  const folder = join(root ?? cacheRoot(), kind, key);
  if (!existsSync(folder)) return undefined;
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function prune(parent: string, current: string, keep: number): Promise<void> {
  const names = await readdir(parent);
  const finished: { path: string; usedAt: number }[] = [];
  for (const name of names) {
    const path = join(parent, name);
    const owner = UNFINISHED.exec(name)?.[1];
    if (owner === undefined && name !== current) finished.push({ path, usedAt: (await stat(path)).mtimeMs });
    else if (owner !== undefined && !isRunning(Number(owner))) await rm(path, { recursive: true, force: true });
  }
  finished.sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of finished.slice(keep - 1)) await rm(path, { recursive: true, force: true });
}
