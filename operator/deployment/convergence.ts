import type { KubernetesObject } from "../runtime/kubernetes-object.ts";
import type { Blueprint, Child } from "./blueprint.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { writeDefaultReplicas } from "./default-replicas.ts";
import { type Children, childrenOf } from "./desired/children.ts";
import { maintenanceAt } from "./maintenance/windows.ts";
import { namesOf } from "./names.ts";
import type { ReconcileParts } from "./reconcile-parts.ts";
import { regarding } from "./regarding.ts";
import { deployments, secrets, statefulSets } from "./resource-types.ts";
import { differences, type Template } from "./rollout/template.ts";
import { notesOf } from "./secrets/notes.ts";
import type { PreviousKey } from "./secrets/previous-keys.ts";
import { unwanted } from "./unwanted.ts";

type Subject = { readonly resource: CachedResource; readonly previousKeys: readonly PreviousKey[] };

type Parts = Pick<ReconcileParts, "cluster" | "client" | "applier" | "recorder" | "revisions" | "holding" | "now">;

/** All errors of a pass, and the workloads of which a change waits for a maintenance window. */
type Convergence = { readonly failures: readonly unknown[]; readonly waiting: readonly string[] };

/** Writes what differs and deletes what is no longer needed. */
export async function converge(parts: Parts, resource: CachedResource, blueprint: Blueprint): Promise<Convergence> {
  const children = childrenOf(blueprint);
  const subject = { resource, previousKeys: blueprint.previousKeys };
  const failures = await applyAll(parts, subject, children.foundations);
  const waiting: string[] = [];
  const outcomes = await Promise.all([
    // A pod that starts before its foundations are written reads old ones, or runs unprotected.
    failures.length > 0 ? [] : applyWorkloads(parts, subject, children.workloads, waiting),
    applyAll(parts, subject, children.others),
    applyAll(parts, subject, children.connections),
    prune(parts, resource, children, blueprint),
    writeDefaultReplicas(parts, resource),
  ]);
  return { failures: [...failures, ...outcomes.flat()], waiting: waiting.toSorted() };
}

/** Outside of the maintenance windows a change that would replace serving pods waits. */
async function applyWorkloads(
  parts: Parts,
  subject: Subject,
  workloads: readonly Child[],
  waiting: string[],
): Promise<unknown[]> {
  const { cluster, holding, now } = parts;
  const { namespace, uid, spec } = subject.resource;
  if (maintenanceAt(spec.maintenance.windows, now()).state === "Open") {
    holding.forget(uid);
    return applyAll(parts, subject, workloads);
  }
  const outcomes = workloads.map(async (workload) => {
    const { type, object } = workload;
    // When servers get another version is decided by their rollout, which also takes one that fails back at any time.
    if (type === deployments) return apply(parts, subject, workload);
    const held = await holding.hold(workload, cluster.child(type, namespace, object.metadata.name ?? ""));
    if (held.waits) waiting.push("bridge");
    return apply(parts, subject, held.child);
  });
  return rejected(await Promise.allSettled(outcomes));
}

async function applyAll(parts: Parts, subject: Subject, children: readonly Child[]): Promise<unknown[]> {
  return rejected(await Promise.allSettled(children.map((child) => apply(parts, subject, child))));
}

const rejected = (outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));

async function apply(parts: Parts, subject: Subject, child: Child): Promise<void> {
  const { cluster, applier, recorder } = parts;
  const { resource, previousKeys } = subject;
  const { type, object } = child;
  const { namespace = "", name = "" } = object.metadata;
  const live = cluster.child(type, namespace, name);
  const explain = type === statefulSets ? () => tellOfBridge(parts, resource, object) : undefined;
  const { written } = await applier.apply(type, object, live, explain);
  if (!written || type !== secrets) return;
  const client = resource.status.clients?.find((each) => namesOf(resource.name).connection(each.name) === name)?.name;
  for (const note of notesOf(object, live, { client, previousKeys })) recorder.record(regarding(resource), note);
}

/** Restarting the bridge takes some seconds: whoever sees it wants to know why. A restart that was asked for needs no word. */
async function tellOfBridge({ revisions, recorder }: Parts, resource: CachedResource, desired: KubernetesObject) {
  const { template = {} } = desired.spec as { template?: Template };
  const before = await revisions.applied(statefulSets, resource.namespace, desired.metadata.name ?? "");
  const changes = before === undefined ? "" : differences(before, template);
  if (changes === "") return;
  const message = `the bridge's pod is replaced: its template changes ${changes}`;
  recorder.record(regarding(resource), { type: "Normal", reason: "BridgeReplaced", message });
}

async function prune(
  { cluster, applier }: Parts,
  resource: CachedResource,
  children: Children,
  { rollout }: Blueprint,
): Promise<unknown[]> {
  const found = unwanted(cluster, resource, { children, rollout });
  return rejected(await Promise.allSettled(found.map(({ type, child }) => applier.delete(type, child))));
}
