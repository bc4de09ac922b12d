import type { Cluster } from "../e2e/cluster/cluster.ts";
import { waitFor } from "../e2e/cluster/wait.ts";
import { installOperator, installTelegram } from "../e2e/installation.ts";
import { localTarget } from "../e2e/kubectl.ts";
import { imageName } from "../images/names.ts";
import { fieldManager } from "../operator/deployment/names.ts";
import * as types from "../operator/deployment/resource-types.ts";
import type { Client } from "../operator/runtime/client.ts";
import { resourcePath } from "../operator/runtime/resource-type.ts";
import { bareChildren } from "./bare.ts";
import { create, createNamespace, namespace, readyCount, remove, resource } from "./fleet.ts";
import type { Report } from "./report.ts";
import { median } from "./workbench.ts";

const samples = 5;

/** What a person waits for: `apply` to Ready on a real node, beside the time that the same pods take without an operator. */
export async function measureOnNode(cluster: Cluster, client: Client, report: Report): Promise<void> {
  for (const name of ["server", "operator", "telegram"] as const) await cluster.load(imageName(name));
  const target = localTarget(cluster);
  const telegramApiUrl = await installTelegram(target);
  await installOperator(target, { tag: "dev", telegramApiUrl });
  await createNamespace(client);
  const podsGone = async () => (await podsOf(client)).length === 0;

  const operated: number[] = [];
  const bare: number[] = [];
  // The first of each fills the node's caches and does not count.
  for (let index = 0; index <= samples; index += 1) {
    const name = `n${index}`;
    operated.push(
      await timed(
        () => create(client, name),
        async () => (await readyCount(client)) === 1,
      ),
    );
    await remove(client, name);
    await waitFor(podsGone, { what: "the pods to go", timeoutMs: 120_000 });

    const children = bareChildren(`b${index}`, { image: imageName("server"), telegramApiUrl });
    const applyAll = () =>
      Promise.all(children.map(({ type, object }) => client.apply(type, object, { fieldManager })));
    bare.push(await timed(applyAll, () => podsReady(client)));
    for (const { type, object } of children) await client.delete(type, namespace, object.metadata.name ?? "");
    await waitFor(podsGone, { what: "the pods to go", timeoutMs: 120_000 });
  }
  report.measure("on a node: apply to Ready", median(operated.slice(1)), "s", { bare: median(bare.slice(1)) });
}

/** Seconds from the start of `work` until `done` says so. */
async function timed(work: () => Promise<unknown>, done: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  await work();
  await waitFor(done, { what: "pods to be ready", timeoutMs: 120_000, everyMs: 50 });
  return (performance.now() - startedAt) / 1000;
}

type Pod = { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } };

const podsOf = (client: Client) => client.list<Pod>(resourcePath(types.pods, { namespace }));

const podsReady = async (client: Client) => {
  const pods = await podsOf(client);
  return pods.length === podsEach && pods.every(isReady);
};

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

/** Servers and bridge. */
const podsEach = resource("").spec.server.replicas + 1;
