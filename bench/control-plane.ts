import type { Cluster } from "../e2e/cluster/cluster.ts";
import { clusterFolders } from "../e2e/cluster/folders.ts";
import { Processes } from "../e2e/cluster/processes.ts";
import { installDefinition } from "../e2e/installation.ts";

const controllers = "kube-controller-manager";

/**
 * Where no metrics are served and no volumes are made, these write a failure to each autoscaler and each claim every few
 * seconds: more requests than all else together.
 */
const leftOut = ["horizontal-pod-autoscaler-controller", "persistentvolume-binder-controller"];

/** Makes of a new cluster without nodes one to measure on: with the CRD, without the controllers above. */
export async function prepareControlPlane(cluster: Cluster): Promise<void> {
  const folders = clusterFolders(cluster.name);
  const processes = new Processes(folders.processes, folders.logs);
  const { name: process, command, args } = processes.list().find((record) => record.name === controllers)!;
  await processes.stop(controllers);
  processes.start({ name: process, command, args: [...args, `--controllers=*,-${leftOut.join(",-")}`] });
  await installDefinition(cluster);
}
