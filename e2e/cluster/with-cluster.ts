import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onStopped } from "../../machine/stopped.ts";
import { type Cluster, DEFAULT_NAME, down, otherUser, type UpOptions, up } from "./cluster.ts";

/** A cluster of this program, which takes it down and exits with code 130 when it is told to stop. */
export type GuardedCluster = {
  readonly cluster: Cluster;
  /** From now on the cluster is left running. */
  readonly release: () => void;
  /** Never returns once the program was told to stop: later failures are a consequence of taking the cluster down. */
  readonly endIfStopped: () => Promise<void>;
};

/** Starts a cluster that is taken down with this program; see `up`. */
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
    // Failures while the cluster is being taken down are not reported.
    return { cluster: await up({ ...options, keepsLogs: () => !stopped }), release, endIfStopped };
  } catch (error) {
    await endIfStopped();
    throw error;
  }
}

async function remove(name: string): Promise<void> {
  // Another program was faster: its cluster stays.
  if (otherUser(name) !== undefined) return;
  await downByAnotherProcess(name);
  // An interrupted step may have started something after that; the program exits before it can do so again.
  await down(name);
}

/** Vitest ends this program at the second Ctrl-C, which npm sends along with the first: cleaning up must not be interrupted by it. */
async function downByAnotherProcess(name: string): Promise<void> {
  const cli = join(import.meta.dirname, "cli.ts");
  const child = spawn(process.execPath, [cli, "down", "--name", name], { detached: true, stdio: "ignore" });
  await once(child, "exit");
}

/** Starts a cluster, runs the work, and takes the cluster down however the work ends. */
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
