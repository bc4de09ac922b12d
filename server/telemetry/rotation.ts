import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const stamp = /^\d{8}T\d{9}Z-[0-9a-f]{6}$/;

/**
 * Makes what full log files are renamed with: the time, and the id of whoever writes, six hex digits. Names do not move on
 * as NAME.1 and NAME.2 do, because two processes at that together, or one that is killed in between, would lose a file.
 */
export function stamps(id: string, clock: () => number): () => string {
  let last = 0;
  return () => {
    last = Math.max(clock(), last + 1);
    return `${new Date(last).toISOString().replace(/[-:.]/g, "")}-${id}`;
  };
}

/** Renames a full file. So many files stay, with the one that comes; older ones are deleted. */
export async function rotate(path: string, maxFiles: number, suffix: string): Promise<void> {
  await rename(path, `${path}.${suffix}`).catch((error: NodeJS.ErrnoException) => {
    // Another process was faster.
    if (error.code !== "ENOENT") throw error;
  });
  const beginning = `${basename(path)}.`;
  const full = (await readdir(dirname(path)))
    .filter((name) => name.startsWith(beginning) && stamp.test(name.slice(beginning.length)))
    .sort()
    .reverse();
  for (const name of full.slice(maxFiles - 1)) await rm(join(dirname(path), name), { force: true });
}
