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
  const account = ["--namespace", operatorNamespace, "create", "token", name, "--duration", "24h"];
  const token = (await cluster.kubectl(account)).trim();

  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  kubeConfig.users = kubeConfig.users.map((user) => ({ name: user.name, token }));
  const path = join(folder, "operator.kubeconfig");
  writeFileSync(path, kubeConfig.exportConfig());
  chmodSync(path, 0o600);
  return path;
}
