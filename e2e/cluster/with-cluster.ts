import { type Cluster, DEFAULT_NAME, down, otherUser, type UpOptions, up } from "./cluster.ts";
import { onOrphaned } from "./orphan.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls back once, at the first of: Ctrl-C, SIGTERM, SIGHUP, the end without a word of whoever started this program. What comes
 * after that, such as npm's own copy of Ctrl-C, does not end the program before it has cleaned up. Returns how to stop listening.
 */
export function onStopped(callback: () => void): () => void {
  let told = false;
  const stop = () => {
    if (!told) callback();
    told = true;
  };
  for (const signal of signals) process.on(signal, stop);
  onOrphaned(stop);
  return () => {
    told = true;
    for (const signal of signals) process.off(signal, stop);
  };
}

/** Takes a cluster down that this program brings up, whenever it is told to end, and ends it with code 130. */
export function downWhenStopped(name: string = DEFAULT_NAME): () => void {
  return onStopped(() => {
    void remove(name)
      .catch((error: Error) => console.error(error.message))
      .finally(() => process.exit(130));
  });
}

async function remove(name: string): Promise<void> {
  // Somebody else was quicker: theirs stays.
  if (otherUser(name) !== undefined) return;
  await down(name);
  // A step that was cut short may have started something after that; the program ends before it can again.
  await down(name);
}

/** Brings up a cluster for as long as the work lasts, and takes it down however that ends. */
export async function withCluster<T>(options: UpOptions, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const stopListening = downWhenStopped(options.name);
  try {
    const cluster = await up(options);
    try {
      return await work(cluster);
    } finally {
      await cluster.down();
    }
  } finally {
    stopListening();
  }
}
