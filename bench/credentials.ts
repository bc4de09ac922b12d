import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { Cluster } from "../e2e/cluster/cluster.ts";
import { operatorNamespace, restrictedNamespace } from "../e2e/installation.ts";
import { helm, localTarget } from "../e2e/kubectl.ts";

const chart = join(import.meta.dirname, "../charts/cctelegram-operator");
const name = "cctelegram-operator";

/**
 * Installs the rights of the chart, and writes a kubeconfig with a token of its ServiceAccount: what the operator's pod has. The
 * API server remembers a token for some seconds; the certificate of an administrator it would verify for each request.
 */
export async function operatorKubeconfig(cluster: Cluster, folder: string): Promise<string> {
  const target = localTarget(cluster);
  await cluster.kubectl(["apply", "-f", "-"], { input: restrictedNamespace(operatorNamespace) });
  const shown = ["rbac", "service-account"].flatMap((file) => ["--show-only", `templates/${file}.yaml`]);
  const rights = await helm(target, ["template", name, chart, "--namespace", operatorNamespace, ...shown]);
  await cluster.kubectl(["apply", "-f", "-"], { input: rights });
  return kubeconfigOf(cluster, name, join(folder, "operator.kubeconfig"));
}

/** The same for a peer, which may do everything: its requests are others than those that the chart permits. */
export async function peerKubeconfig(cluster: Cluster, folder: string): Promise<string> {
  const account = "peer";
  await cluster.kubectl(["--namespace", operatorNamespace, "create", "serviceaccount", account]);
  const subject = `--serviceaccount=${operatorNamespace}:${account}`;
  await cluster.kubectl(["create", "clusterrolebinding", account, "--clusterrole=cluster-admin", subject]);
  return kubeconfigOf(cluster, account, join(folder, "peer.kubeconfig"));
}

async function kubeconfigOf(cluster: Cluster, account: string, path: string): Promise<string> {
  const command = ["--namespace", operatorNamespace, "create", "token", account, "--duration", "24h"];
  const token = (await cluster.kubectl(command)).trim();
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  kubeConfig.users = kubeConfig.users.map((user) => ({ name: user.name, token }));
  writeFileSync(path, kubeConfig.exportConfig());
  chmodSync(path, 0o600);
  return path;
}
