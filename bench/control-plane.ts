import { readFileSync } from "node:fs";
import { type Cluster, up } from "../e2e/cluster/cluster.ts";
import { clusterFolders } from "../e2e/cluster/folders.ts";
import { Processes } from "../e2e/cluster/processes.ts";

const controllers = "kube-controller-manager";

/**
 * Where no metrics are served and no volumes are made, these write a failure to each autoscaler and each claim every few
 * seconds: more requests than all else together.
 */
const leftOut = ["horizontal-pod-autoscaler-controller", "persistentvolume-binder-controller"];

/** A control plane with the CRD. */
export async function startControlPlane(name: string): Promise<Cluster> {
  const cluster = await up({ name, nodes: 0 });
  const folders = clusterFolders(name);
  const processes = new Processes(folders.processes, folders.logs);
  const { name: process, command, args } = processes.list().find((record) => record.name === controllers)!;
  await processes.stop(controllers);
  processes.start({ name: process, command, args: [...args, `--controllers=*,-${leftOut.join(",-")}`] });
  const definition = readFileSync("crds/cctelegram.io_cctelegramdeployments.yaml", "utf8");
  await cluster.kubectl(["apply", "--server-side", "-f", "-"], { input: definition });
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "cctelegramdeployments.cctelegram.io"]);
  return cluster;
}
