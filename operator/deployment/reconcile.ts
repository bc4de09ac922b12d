import { isDeepStrictEqual } from "node:util";
import type { Condition, DeploymentStatus } from "../api/status.ts";
import { ApiError } from "../runtime/api-error.ts";
import { type Applier, NotOwnedError } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import { apiVersionOf } from "../runtime/resource-type.ts";
import { forbiddenIn } from "./allowed.ts";
import type { Blueprint, Child } from "./blueprint.ts";
import type { Cache } from "./cache.ts";
import { writeDefaultReplicas } from "./default-replicas.ts";
import { childrenOf } from "./desired/children.ts";
import { blueprintOf, type Settings, snapshotOf, targetOf } from "./gather.ts";
import type { GeneratedValues } from "./generated-values.ts";
import { fieldManager } from "./names.ts";
import type { Prober } from "./prober.ts";
import type { CachedResource } from "./reduced.ts";
import { cctelegramDeployments } from "./resource-types.ts";
import { statusOf, transitions } from "./status.ts";
import { settlingMs } from "./status-pacing.ts";
import type { TokenSecrets } from "./token-secret.ts";

export type ReconcileParts = {
  readonly cache: Cache;
  readonly client: Client;
  readonly applier: Applier;
  readonly recorder: EventRecorder;
  readonly prober: Prober;
  readonly tokenSecrets: TokenSecrets;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly generated: GeneratedValues;
  /** When a resource's changed status has to be written, by namespace and name. */
  readonly statusDueAt: Map<string, number>;
};

/** Makes the cluster what the resource asks for, then says in its status how far that is. */
export async function reconcile(parts: ReconcileParts, { namespace, name }: ObjectKey): Promise<Result> {
  const { cache, prober, tokenSecrets } = parts;
  const resource = cache.resources.get(namespace, name);
  if (!resource || resource.deleting) {
    parts.statusDueAt.delete(`${namespace}/${name}`);
    return {};
  }

  const tokenSecret = await tokenSecrets.state(namespace, resource.spec.telegram.botTokenSecretRef);
  const blueprint = blueprintOf(resource, { ...parts, tokenSecret });
  const mayWrite = resource.spec.reconciliation === "Active" && forbiddenIn(resource.spec, parts.settings).length === 0;
  const failures = mayWrite ? await writeAll(parts, resource, blueprint) : [];

  const refused = failures.filter(isRefusal).map(({ message }) => message);
  const snapshot = snapshotOf(resource, {
    ...parts,
    tokenSecret,
    refused,
    probe: prober.result(resource.uid),
  });
  prober.track(targetOf(snapshot, blueprint));
  const result = await writeStatus(parts, resource, statusOf(snapshot, new Date(parts.now()).toISOString()));

  if (failures.length > 0) throw failures[0];
  return sooner(result, snapshot.lookAgainMs);
}

const sooner = (result: Result, afterMs: number | undefined): Result =>
  afterMs === undefined ? result : { requeueAfterMs: Math.min(afterMs, result.requeueAfterMs ?? afterMs) };

/** Writes the default of the resource itself and its children; returns what went wrong. */
async function writeAll(parts: ReconcileParts, resource: CachedResource, blueprint: Blueprint): Promise<Error[]> {
  const [failure, failures] = await Promise.all([
    writeDefaultReplicas(parts, resource),
    applyChildren(parts, blueprint),
  ]);
  return failure ? [failure, ...failures] : failures;
}

/** Writes what differs and deletes what is no longer wanted; returns what went wrong. */
async function applyChildren(parts: ReconcileParts, blueprint: Blueprint): Promise<Error[]> {
  const { foundations, rest } = childrenOf(blueprint);
  const failures = await Promise.all(foundations.map((child) => apply(parts, child)));
  failures.push(...(await Promise.all(rest.map((child) => apply(parts, child)))));
  failures.push(...(await prune(parts, blueprint.uid, [...foundations, ...rest])));
  return failures.filter((failure) => failure !== undefined);
}

async function apply({ cache, applier }: ReconcileParts, { type, object }: Child): Promise<Error | undefined> {
  const { namespace = "", name = "" } = object.metadata;
  const live = cache.child(type, namespace, name);
  if (live && live.ownerUid !== "" && live.ownerUid !== object.metadata.ownerReferences?.[0]?.uid) {
    // The garbage collector has not come to it yet; until then we would only fight over it.
    return new Error(`${type.kind} ${name} still belongs to a deleted resource of the same name`);
  }
  try {
    await applier.apply(type, object, live);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function prune(
  { cache, client }: ReconcileParts,
  uid: string,
  wanted: readonly Child[],
): Promise<(Error | undefined)[]> {
  const names = new Set(wanted.map(({ type, object }) => `${type.plural}/${object.metadata.name}`));
  const unwanted = [...cache.childrenOf(uid)].filter(({ type, child }) => !names.has(`${type.plural}/${child.name}`));
  return Promise.all(
    unwanted.map(({ type, child }) =>
      client.delete(type, child.namespace, child.name, { uid: child.uid }).then(
        () => undefined,
        (error: Error) => error,
      ),
    ),
  );
}

/** Refused for good: trying again does not help until a person changes something. */
function isRefusal(error: Error): boolean {
  return error instanceof NotOwnedError || (error instanceof ApiError && [400, 403, 422].includes(error.status));
}

/** Writes a status that differs, now or when it has settled. */
async function writeStatus(parts: ReconcileParts, resource: CachedResource, status: DeploymentStatus): Promise<Result> {
  const { namespace, name } = resource;
  const key = `${namespace}/${name}`;
  if (isDeepStrictEqual(status, resource.status)) {
    parts.statusDueAt.delete(key);
    return {};
  }
  const now = parts.now();
  const dueAt = Math.min(
    parts.statusDueAt.get(key) ?? Number.POSITIVE_INFINITY,
    now + settlingMs(resource.status, status),
  );
  if (dueAt > now) {
    parts.statusDueAt.set(key, dueAt);
    return { requeueAfterMs: dueAt - now };
  }
  parts.statusDueAt.delete(key);
  const object = {
    apiVersion: apiVersionOf(cctelegramDeployments),
    kind: cctelegramDeployments.kind,
    metadata: { namespace, name },
    status,
  };
  const written = await parts.client.apply(cctelegramDeployments, object, { fieldManager, subresource: "status" });
  parts.cache.observe(cctelegramDeployments, written);
  announce(parts, resource, resource.status.conditions ?? [], status.conditions ?? []);
  return {};
}

function announce(parts: ReconcileParts, resource: CachedResource, before: Condition[], after: Condition[]): void {
  const { namespace, name, uid, resourceVersion } = resource;
  const { kind } = cctelegramDeployments;
  const regarding = { apiVersion: apiVersionOf(cctelegramDeployments), kind, namespace, name, uid, resourceVersion };
  for (const transition of transitions(before, after)) parts.recorder.record(regarding, transition);
}
