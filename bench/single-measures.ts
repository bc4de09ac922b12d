import { setTimeout as delay } from "node:timers/promises";
import { namesOf } from "../operator/deployment/names.ts";
import * as types from "../operator/deployment/resource-types.ts";
import { resourcePath } from "../operator/runtime/resource-type.ts";
import { type AuditEntry, isWrite } from "./audit-log.ts";
import { create, makePodsReady, nameOf, namespace } from "./fleet.ts";
import { isCreation, median, ofOperator, requestsDuring, settled, type Workbench } from "./workbench.ts";

const samples = 20;

/** What one resource costs, and what happens to it by hand. */
export async function measureSingles(bench: Workbench): Promise<void> {
  const { report, audit, client } = bench;
  await create(client, "first");
  const operator = await bench.startOperator();
  await audit.wait(1, (entry) => isCreation(entry), "the first reconcile");
  const first = audit.entries().find(isCreation)!;
  report.measure("start to first reconcile", (first.receivedAt - operator.startedAt) / 1000, "s");
  await settled(bench);

  const timings: Awaited<ReturnType<typeof oneMore>>[] = [];
  for (let index = 0; index < samples; index += 1) timings.push(await oneMore(bench, nameOf(index)));
  const of = (resource: "deployments" | "services") => median(timings.map((timing) => timing[resource]));
  report.measure("one more resource to Service", of("services"), "ms");
  report.measure("one more resource to Deployment", of("deployments"), "ms", { target: "20 ms" });
  await settled(bench);

  await makePodsReady(client);
  await settled(bench);
  await measureHandiwork(bench);
}

/** Milliseconds from the request that creates the resource to the answers of the requests that create its children. */
async function oneMore(
  { client, audit }: Workbench,
  name: string,
): Promise<Record<"deployments" | "services", number>> {
  audit.clear();
  await create(client, name);
  await audit.wait(1, (entry) => isCreation(entry) && entry.resource === "deployments", "the Deployment");
  const createdAt = audit.entries().find(({ resource }) => resource === "cctelegramdeployments")!.receivedAt;
  const after = (resource: string) => {
    const made = audit.entries().filter((entry) => isCreation(entry) && entry.resource === resource);
    return Math.max(...made.map(({ answeredAt }) => answeredAt)) - createdAt;
  };
  await delay(400); // its status is written and what follows is over
  return { deployments: after("deployments"), services: after("services") };
}

async function measureHandiwork(bench: Workbench): Promise<void> {
  const { report, client } = bench;
  const { server } = namesOf(nameOf(0));
  const annotate = (where: object) =>
    client.request({
      method: "PATCH",
      path: resourcePath(types.deployments, { namespace, name: server }),
      contentType: "application/merge-patch+json",
      body: where,
    });
  const writes = (entries: readonly AuditEntry[]) => entries.filter(isWrite).length;

  const annotated = await requestsDuring(bench, async () => {
    await annotate({ metadata: { annotations: { "example.org/foreign": "yes" } } });
    await delay(30_000);
  });
  report.measure("foreign annotation: writes in 30 s", writes(annotated), "writes", { target: "0" });

  const restartedAt = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  const restarted = await requestsDuring(bench, async () => {
    await annotate({ spec: { template: { metadata: { annotations: restartedAt } } } });
    await delay(30_000);
  });
  report.measure("rollout restart: writes in 30 s", writes(restarted), "writes");
  const live = await client.get<{ spec: { template: { metadata: { annotations: Record<string, string> } } } }>(
    resourcePath(types.deployments, { namespace, name: server }),
  );
  const kept = "kubectl.kubernetes.io/restartedAt" in live.spec.template.metadata.annotations;
  report.measure("rollout restart: kept", kept ? 1 : 0, "of 1", { target: "1" });

  // The new pods never start: that is told in a status, which is no part of what follows.
  await settled(bench);
  const healed = await requestsDuring(bench, async () => {
    await client.delete(types.services, namespace, server);
    await bench.audit.wait(1, (entry) => ofOperator(entry) && isCreation(entry), "the Service to come back", 30_000);
    await settled(bench);
  });
  report.measure("Service deleted by hand: writes", writes(healed), "writes", { target: "1" });
}
