import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "../../e2e/cluster/programs.ts";
import { type GuardedCluster, upGuarded } from "../../e2e/cluster/with-cluster.ts";
import { operatorNamespace } from "../../e2e/installation.ts";
import { type Client, createClient } from "../../operator/runtime/client.ts";
import { Kubelet } from "../operator/deployment/support/kubelet.ts";
import { minimalSpec } from "../operator/deployment/support/world.ts";
import { commandsIn } from "./blocks.ts";
import { bash } from "./stage.ts";

let guarded: GuardedCluster;
let client: Client & { close(): void };
let kubelet: Kubelet;
let env: Record<string, string>;
/** Where kubectl and helm keep what they have asked for. */
let folder: string;

/** A control plane of its own: an upgrade and a removal of the operator concern the whole cluster. */
beforeAll(async () => {
  guarded = await upGuarded({ name: "installation", nodes: 0 });
  const { kubeconfig } = guarded.cluster;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  client = createClient({ kubeConfig, userAgent: "docs" });
  const [kubectl, helm] = await Promise.all([program("kubectl"), program("helm")]);
  folder = await mkdtemp(join(tmpdir(), "cctelegram-installation-"));
  env = { HOME: folder, PATH: `${dirname(kubectl)}:${dirname(helm)}:${process.env.PATH}`, KUBECONFIG: kubeconfig };
  kubelet = new Kubelet(client, operatorNamespace);
  await run(
    `helm install cctelegram-operator charts/cctelegram-operator --namespace ${operatorNamespace} --create-namespace`,
  );
  await run("kubectl create namespace cctelegram");
  kubelet.start();
});
afterAll(async () => {
  await kubelet?.stop();
  client?.close();
  await guarded?.cluster.down();
  guarded?.release();
  await rm(folder, { recursive: true, force: true });
});

async function run(command: string): Promise<string> {
  const { code, stdout, output } = await bash(command, join(import.meta.dirname, "../.."), env);
  expect(code, output).toBe(0);
  return stdout;
}

/** The command of docs/upgrade.md that holds these words. */
function command(words: string): string {
  const found = commandsIn("upgrade").filter(({ text }) => text.includes(words));
  expect(found).toHaveLength(1);
  return found[0]?.text ?? "";
}

const definitions = () => run("kubectl get crd -o name");
const resource = { apiVersion: "cctelegram.io/v1alpha1", kind: "CCTelegramDeployment", spec: minimalSpec };

test("the commands of docs/upgrade.md upgrade the operator, and remove it: resources stay until their definition goes", async () => {
  await run(command("helm upgrade cctelegram-operator").replaceAll("tag=TAG", "tag=0.2.0"));
  const template = await run(
    `kubectl -n ${operatorNamespace} get deployment cctelegram-operator -o jsonpath='{.spec.template.spec.containers[0]}'`,
  );
  const { image, env: variables } = JSON.parse(template);
  expect(image).toBe("cctelegram/operator:0.2.0");
  expect(variables).toContainEqual({ name: "SERVER_IMAGE", value: "cctelegram/server:0.2.0" });

  const path = "/apis/cctelegram.io/v1alpha1/namespaces/cctelegram/cctelegramdeployments";
  for (const name of ["team", "other"])
    await client.request({ method: "POST", path, body: { ...resource, metadata: { name } } });
  expect(await run(command("get cctd,cctb"))).toMatch(/cctelegramdeployment\S*\/team/);
  await run(command("delete cctd team"));
  await run(command("uninstall cctelegram-operator"));
  expect(await definitions()).toContain("cctelegramdeployments.cctelegram.io");
  expect(await run("kubectl -n cctelegram get cctd -o name")).toBe("cctelegramdeployment.cctelegram.io/other\n");
  await run(command("kubectl delete crd"));
  expect(await definitions()).not.toContain("cctelegram.io");
});
