import { isNamespaceTerminating } from "../runtime/api-error.ts";
import type { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import { forbiddenIn } from "./allowed.ts";
import type { Cache } from "./cache.ts";
import { converge } from "./convergence.ts";
import { failedOf, refusedOf } from "./failures.ts";
import { blueprintOf, type Settings, snapshotOf, targetOf } from "./gather.ts";
import type { GeneratedValues } from "./generated-values.ts";
import type { Prober } from "./prober.ts";
import type { CachedResource } from "./reduced.ts";
import { statusOf } from "./status.ts";
import { writeStatus } from "./status-writer.ts";
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
  /** Namespaces that are being deleted, and until when nothing is tried in them. */
  readonly terminatingUntil: Map<string, number>;
};

/** Deletions go on in the order in which the namespace controller likes: until it is done there is nothing to do. */
const terminatingMs = 30_000;

/** Makes the cluster what the resource asks for, then says in its status how far that is. */
export async function reconcile(parts: ReconcileParts, { namespace, name }: ObjectKey): Promise<Result> {
  const { cache, prober } = parts;
  const resource = cache.resources.get(namespace, name);
  if (!resource || resource.deleting) {
    parts.statusDueAt.delete(`${namespace}/${name}`);
    return {};
  }
  const restMs = (parts.terminatingUntil.get(namespace) ?? 0) - parts.now();
  if (restMs > 0) return { requeueAfterMs: restMs };
  parts.terminatingUntil.delete(namespace);

  const { tokenSecret, failures: unread } = await tokenSecretOf(parts, resource);
  const blueprint = blueprintOf(resource, { ...parts, tokenSecret });
  const mayWrite = resource.spec.reconciliation === "Active" && forbiddenIn(resource.spec, parts.settings).length === 0;
  const failures = [...unread, ...(mayWrite ? await converge(parts, resource, blueprint) : [])];
  if (failures.some(isNamespaceTerminating)) {
    parts.terminatingUntil.set(namespace, parts.now() + terminatingMs);
    return { requeueAfterMs: terminatingMs };
  }

  const snapshot = snapshotOf(resource, {
    ...parts,
    tokenSecret,
    refused: refusedOf(failures),
    failed: failedOf(failures),
    probe: prober.result(resource.uid),
  });
  prober.track(targetOf(snapshot, blueprint));
  const result = await writeStatus(parts, resource, statusOf(snapshot, new Date(parts.now()).toISOString()));
  return { ...sooner(result, snapshot.lookAgainMs), failures };
}

const sooner = (result: Result, afterMs: number | undefined): Result =>
  afterMs === undefined ? result : { requeueAfterMs: Math.min(afterMs, result.requeueAfterMs ?? afterMs) };

async function tokenSecretOf({ tokenSecrets }: ReconcileParts, { namespace, spec }: CachedResource) {
  try {
    return { tokenSecret: await tokenSecrets.state(namespace, spec.telegram.botTokenSecretRef), failures: [] };
  } catch (error) {
    return { tokenSecret: "Unknown" as const, failures: [error] };
  }
}
