import { readFileSync } from "node:fs";
import { type Cluster, up } from "../e2e/cluster/cluster.ts";
import { clusterFolders } from "../e2e/cluster/folders.ts";
import { Processes } from "../e2e/cluster/processes.ts";

const controllers = "kube-controller-manager";

/**
 * A control plane with the CRD, without the controller of HorizontalPodAutoscalers: where no metrics are served it
 * writes a failure to each of them every few seconds, more requests than all else together.
 */
export async function startControlPlane(name: string): Promise<Cluster> {
  const cluster = await up({ name, nodes: 0 });
  const folders = clusterFolders(name);
  const processes = new Processes(folders.processes, folders.logs);
  const { name: process, command, args } = processes.list().find((record) => record.name === controllers)!;
  await processes.stop(controllers);
  processes.start({ name: process, command, args: [...args, "--controllers=*,-horizontal-pod-autoscaler-controller"] });
  const definition = readFileSync("crds/cctelegram.io_cctelegramdeployments.yaml", "utf8");
  await cluster.kubectl(["apply", "--server-side", "-f", "-"], { input: definition });
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "cctelegramdeployments.cctelegram.io"]);
  return cluster;
}
