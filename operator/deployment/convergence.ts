import type { Blueprint, Child } from "./blueprint.ts";
import type { CachedResource } from "./cached-objects.ts";
import { writeDefaultReplicas } from "./default-replicas.ts";
import { type Children, childrenOf } from "./desired/children.ts";
import { namesOf } from "./names.ts";
import type { ReconcileParts } from "./reconcile.ts";
import { regarding } from "./regarding.ts";
import { prunableTypes, secrets } from "./resource-types.ts";

type Parts = Pick<ReconcileParts, "cluster" | "client" | "applier" | "recorder">;

/** Writes what differs and deletes what is no longer needed; returns all errors. */
export async function converge(parts: Parts, resource: CachedResource, blueprint: Blueprint): Promise<unknown[]> {
  const children = childrenOf(blueprint);
  const failures = await applyAll(parts, resource, children.foundations);
  const outcomes = await Promise.all([
    // A pod that starts before its foundations are written reads old ones, or runs unprotected.
    failures.length > 0 ? [] : applyAll(parts, resource, children.workloads),
    applyAll(parts, resource, children.others),
    applyAll(parts, resource, children.connections),
    prune(parts, resource, children),
    writeDefaultReplicas(parts, resource),
  ]);
  return [...failures, ...outcomes.flat()];
}

async function applyAll(parts: Parts, resource: CachedResource, children: readonly Child[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(children.map((child) => apply(parts, resource, child)));
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
}

async function apply({ cluster, applier, recorder }: Parts, resource: CachedResource, child: Child): Promise<void> {
  const { type, object } = child;
  const { namespace = "", name = "" } = object.metadata;
  const live = cluster.child(type, namespace, name);
  const { written } = await applier.apply(type, object, live);
  if (!written || live || type !== secrets) return;
  const client = resource.status.clients?.find((client) => namesOf(resource.name).connection(client.name) === name);
  if (client) recorder.record(regarding(resource), keyGenerated(client.name, name));
}

/** Whoever deletes a connection Secret expects this; whoever restored a backup without it has to be told. */
const keyGenerated = (client: string, secret: string) => ({
  type: "Normal" as const,
  reason: "KeyGenerated",
  message: `Secret ${secret} was missing: client ${client} has a new key, the old one is refused`,
});

async function prune({ cluster, applier }: Parts, resource: CachedResource, children: Children): Promise<unknown[]> {
  const wanted = new Set(
    Object.values(children)
      .flat()
      .map(({ type, object }: Child) => `${type.plural}/${object.metadata.name}`),
  );
  const unwanted = [...cluster.childrenOf(resource.uid)].filter(
    ({ type, child }) => prunableTypes.includes(type) && !wanted.has(`${type.plural}/${child.name}`),
  );
  const outcomes = await Promise.allSettled(unwanted.map(({ type, child }) => applier.delete(type, child)));
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
}
