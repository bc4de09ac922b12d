import { setTimeout as delay } from "node:timers/promises";
import { namesOf } from "../operator/deployment/names.ts";
import * as types from "../operator/deployment/resource-types.ts";
import { resourcePath } from "../operator/runtime/resource-type.ts";
import { type AuditEntry, isWrite } from "./audit-log.ts";
import { create, makePodsReady, nameOf, namespace } from "./fleet.ts";
import type { Peer } from "./peer.ts";
import { isCreationOf, median, ofOperator, ours, requestsDuring, settled, type Workbench } from "./workbench.ts";

const samples = 20;

/** Milliseconds from one more resource to its Deployment, by another operator. */
export async function timePeerSingles(bench: Workbench, peer: Peer): Promise<PeerSingles> {
  await bench.startPeer(peer);
  await delay(5_000);
  return { name: peer.name, deployment: (await timeSingles(bench, peer)).deployments };
}

export type PeerSingles = { readonly name: string; readonly deployment: number };

/** What one resource costs, and what happens to it by hand. */
export async function measureSingles(bench: Workbench, peers: readonly PeerSingles[]): Promise<void> {
  const { report, audit, client } = bench;
  const isCreation = isCreationOf(ours.agent);
  await create(client, "first");
  const operator = await bench.startOperator();
  await audit.wait(1, isCreation, "the first reconcile");
  const first = audit.entries().find(isCreation)!;
  report.measure("start to first reconcile", (first.receivedAt - operator.startedAt) / 1000, "s");
  await settled(bench);

  const { services, deployments } = await timeSingles(bench, ours);
  report.measure("one more resource to Service", services, "ms");
  report.measure("one more resource to Deployment", deployments, "ms", { target: "20 ms" });
  for (const { name, deployment } of peers) {
    const beside = { reference: deployment, target: "ratio 2.0" };
    report.measure(`one more resource to Deployment, beside ${name}`, deployments, "ms", beside);
  }
  await settled(bench);

  await makePodsReady(client);
  await settled(bench);
  await measureHandiwork(bench);
}

type Maker = Pick<Peer, "agent" | "resources" | "create">;

/** Medians of some resources, one after the other. */
async function timeSingles(bench: Workbench, maker: Maker): Promise<Timing> {
  const timings: Timing[] = [];
  for (let index = 0; index < samples; index += 1) timings.push(await oneMore(bench, maker, nameOf(index)));
  const of = (resource: keyof Timing) => median(timings.map((timing) => timing[resource]));
  return { deployments: of("deployments"), services: of("services") };
}

type Timing = Record<"deployments" | "services", number>;

/** Milliseconds from the request that creates the resource to the answers of the requests that create its children. */
async function oneMore(
  { client, audit }: Workbench,
  { agent, resources, create }: Maker,
  name: string,
): Promise<Timing> {
  const isCreation = isCreationOf(agent);
  audit.clear();
  await create(client, name);
  await audit.wait(1, (entry) => isCreation(entry) && entry.resource === "deployments", "the Deployment");
  const createdAt = audit.entries().find(({ resource }) => resource === resources)!.receivedAt;
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
    await bench.audit.wait(
      1,
      (entry) => ofOperator(entry) && isCreationOf(ours.agent)(entry),
      "the Service to come back",
      30_000,
    );
    await settled(bench);
  });
  report.measure("Service deleted by hand: writes", writes(healed), "writes", { target: "1" });
}
