import { stat } from "node:fs/promises";
import { codeOf } from "./start-error.ts";

/** What changes whenever a file's content does: a swapped symlink leads to another inode, an edit changes time and size. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(":");
  } catch (error) {
    return codeOf(error) ?? "unknown";
  }
}

/** Runs again `pollMs` after the end of the previous run, so that a slow disk does not pile up reads. Returns what ends it. */
export function every(pollMs: number, run: () => Promise<void>): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const plan = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void run().finally(plan), pollMs).unref();
  };
  plan();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
