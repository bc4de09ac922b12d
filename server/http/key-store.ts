import { readFile, stat } from "node:fs/promises";
import type { Logger } from "../telemetry/logger.ts";
import { type ApiKey, type Client, findClient, parseApiKeys } from "./api-keys.ts";

/** The keys that are valid now. */
export type KeyStore = {
  find(presented: string): Client | undefined;
  /** False until keys have been loaded once. */
  ready(): boolean;
  close(): void;
};

/** A store of keys that do not change. */
export function fixedKeys(keys: readonly ApiKey[]): KeyStore {
  return { find: (presented) => findClient(keys, presented), ready: () => true, close: () => {} };
}

export type KeyFileOptions = {
  readonly path: string;
  readonly logger: Logger;
  /** Milliseconds between two looks at the file. */
  readonly pollMs?: number;
};

/**
 * A store of the keys in a file. The file is looked at every two seconds, not watched: Kubernetes replaces a Secret's
 * files by swapping a symlink, which a watch of the file itself does not see. A file that cannot be used is logged, and
 * the keys of before stay valid.
 */
export async function openKeyFile({ path, logger, pollMs = 2000 }: KeyFileOptions): Promise<KeyStore> {
  let keys: readonly ApiKey[] | undefined;
  let seen = "";
  const look = async (): Promise<void> => {
    const state = await stateOf(path);
    if (state === seen) return;
    seen = state;
    try {
      keys = parseApiKeys(await readFile(path, "utf8"));
      logger.info({ path, clients: keys.map(({ client }) => client.name) }, "API keys loaded");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error({ path, reason }, "API keys cannot be loaded; those of before stay valid");
    }
  };
  await look();
  const stop = every(pollMs, look);
  return {
    find: (presented) => findClient(keys ?? [], presented),
    ready: () => keys !== undefined,
    close: stop,
  };
}

/** What changes whenever the content does: a swapped symlink leads to another inode, an edit changes time and size. */
async function stateOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(":");
  } catch {
    return "absent";
  }
}

/** Runs again `pollMs` after the end of the previous run, so that a slow disk does not pile up reads. */
function every(pollMs: number, run: () => Promise<void>): () => void {
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
