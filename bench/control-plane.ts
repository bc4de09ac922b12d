import type { Cluster } from "../e2e/cluster/cluster.ts";
import { controllerRates, flags } from "../e2e/cluster/control-plane.ts";
import { clusterFolders } from "../e2e/cluster/folders.ts";
import { Processes } from "../e2e/cluster/processes.ts";
import { installDefinition } from "../e2e/installation.ts";
import { cpuSecondsOf } from "./process-usage.ts";

const controllers = "kube-controller-manager";

/**
 * Where no metrics are served and no volumes are made, these write a failure to each autoscaler and each claim every few
 * seconds: more requests than all else together.
 */
const leftOut = ["horizontal-pod-autoscaler-controller", "persistentvolume-binder-controller"];

/**
 * Makes of a new cluster without nodes one to measure on: with the CRD, without the controllers above, the others with their
 * own default of 20 requests a second each, as in a cluster that nobody tuned.
 */
export async function prepareControlPlane(cluster: Cluster): Promise<void> {
  const rates = flags(controllerRates);
  await restartControllers(cluster, (args) => [
    ...args.filter((arg) => !rates.includes(arg)),
    `--controllers=*,-${leftOut.join(",-")}`,
  ]);
  await installDefinition(cluster);
}

/** From now on the controllers ask as often as in the tests: pods are counted and garbage goes in minutes instead of an hour. */
export const hurryControllers = (cluster: Cluster): Promise<void> =>
  restartControllers(cluster, (args) => [...args, ...flags(controllerRates)]);

/** CPU seconds that the API server has used so far. */
export function apiServerCpuSeconds(cluster: Cluster): number {
  const folders = clusterFolders(cluster.name);
  const processes = new Processes(folders.processes, folders.logs);
  return cpuSecondsOf(processes.list().find(({ name }) => name === "kube-apiserver")?.pid);
}

async function restartControllers(
  cluster: Cluster,
  change: (args: readonly string[]) => readonly string[],
): Promise<void> {
  const folders = clusterFolders(cluster.name);
  const processes = new Processes(folders.processes, folders.logs);
  const { name, command, args } = processes.list().find((record) => record.name === controllers)!;
  await processes.stop(controllers);
  processes.start({ name, command, args: change(args) });
}
