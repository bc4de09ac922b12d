import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onStopped } from "../../machine/stopped.ts";
import { type Cluster, DEFAULT_NAME, down, otherUser, type UpOptions, up } from "./cluster.ts";

/** A cluster of this program, which takes it down and ends with code 130 when it is told to end. */
export type GuardedCluster = {
  readonly cluster: Cluster;
  /** From now on it is left as it is. */
  readonly release: () => void;
  /** Never returns once the program was told to end: what fails from then on does so because the cluster goes away. */
  readonly endIfStopped: () => Promise<void>;
};

/** Brings up a cluster that goes with this program; see `up`. */
export async function upGuarded(options: UpOptions): Promise<GuardedCluster> {
  let stopped = false;
  const release = onStopped(() => {
    stopped = true;
    void remove(options.name ?? DEFAULT_NAME)
      .catch((error: Error) => console.error(error.message))
      .finally(() => process.exit(130));
  });
  const endIfStopped = async () => {
    if (stopped) await new Promise(() => undefined);
  };
  try {
    // What fails because it is being taken down tells nobody anything.
    return { cluster: await up({ ...options, keepsLogs: () => !stopped }), release, endIfStopped };
  } catch (error) {
    await endIfStopped();
    throw error;
  }
}

async function remove(name: string): Promise<void> {
  // Somebody else was quicker: theirs stays.
  if (otherUser(name) !== undefined) return;
  await downByAnotherProcess(name);
  // A step that was cut short may have started something after that; the program ends before it can again.
  await down(name);
}

/** Vitest ends this program at the second Ctrl-C, which npm sends along with the first: what cleans up must not end with it. */
async function downByAnotherProcess(name: string): Promise<void> {
  const cli = join(import.meta.dirname, "cli.ts");
  const child = spawn(process.execPath, [cli, "down", "--name", name], { detached: true, stdio: "ignore" });
  await once(child, "exit");
}

/** Brings up a cluster for as long as the work lasts, and takes it down however that ends. */
export async function withCluster<T>(options: UpOptions, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const { cluster, release, endIfStopped } = await upGuarded(options);
  try {
    return await work(cluster);
  } finally {
    await endIfStopped();
    await cluster.down();
    release();
  }
}
