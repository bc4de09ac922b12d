import { isNamespaceTerminating } from "../runtime/api-error.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { exposureSnapshotOf, exposureTargetOf } from "./exposure/gather.ts";
import type { ExposureTarget } from "./exposure/probe.ts";
import { exposureLookAgainMs } from "./exposure/problems.ts";
import { exceptAwaited, failedOf, refusedOf } from "./failures.ts";
import { blueprintOf, claimSizeOf } from "./gathering/blueprint.ts";
import { foundFor } from "./gathering/found.ts";
import { snapshotOf } from "./gathering/snapshot.ts";
import { untilWindow } from "./maintenance/waiting.ts";
import { settlePairing } from "./pairing/settling.ts";
import { targetOf } from "./probing/target.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import type { ReconcileParts } from "./reconcile-parts.ts";
import { replacePod } from "./replacement/eviction.ts";
import { lostIn } from "./rollout/rollout.ts";
import { untilSecretsChange } from "./secrets/changes.ts";
import { isStored } from "./secrets/gather.ts";
import { statusOf } from "./status/status.ts";
import { writeStatus } from "./status/writer.ts";
import { leave, write } from "./written.ts";

/** The namespace controller deletes objects in any order: until it has finished there is nothing to do. */
const terminatingMs = 30_000;

/** Applies the resource, then writes its status. */
export async function reconcile(parts: ReconcileParts, { namespace, name }: ObjectKey): Promise<Result> {
  const { cluster, probes, exposureProbes } = parts;
  const resource = cluster.resources.get(namespace, name);
  if (!resource || resource.deleting) {
    parts.statusDueAt.delete(`${namespace}/${name}`);
    if (resource) parts.arbiter.forget(resource.uid);
    return {};
  }
  const restMs = (parts.terminatingUntil.get(namespace) ?? 0) - parts.now();
  if (restMs > 0) return { requeueAfterMs: restMs };
  parts.terminatingUntil.delete(namespace);

  const { found, failures: unread } = await foundFor(parts, resource);
  const { certificate, verdict } = found;
  const asked = blueprintOf(resource, { ...parts, ...found });
  const written = parts.mayWrite(resource) ? await write(parts, resource, asked) : await leave(parts, resource, asked);
  const { blueprint, known } = written;
  const failures = [...unread, ...written.failures];
  parts.arbiter.written(resource, verdict);
  // An own write is not told: without another change this reconcile is the last one for a long time.
  parts.generated.settle(resource.uid, isStored(cluster, resource));
  if (failures.some(isNamespaceTerminating)) {
    parts.terminatingUntil.set(namespace, parts.now() + terminatingMs);
    return { requeueAfterMs: terminatingMs };
  }

  const probe = probes.result(resource.uid);
  const volume = await parts.volumes.look(resource, {
    templateSize: claimSizeOf(resource, cluster),
    use: probe?.bridge?.answered ? probe.bridge.volume : undefined,
    mayWrite: parts.mayWrite(resource),
  });
  failures.push(...volume.failures);
  const exposure = exposureSnapshotOf(resource, { ...parts, certificate });
  const { hmac, ownKeys } = blueprint;
  trackOutside(parts, resource, exposure && exposureTargetOf(resource, exposure, { cluster, certificate, hmac }));
  const snapshot = snapshotOf(known, {
    ...parts,
    ...found,
    ownKeys,
    exposure,
    exposureProbe: exposureProbes.result(resource.uid),
    refused: refusedOf(exceptAwaited(failures, resource.spec)),
    failed: failedOf(failures),
    waiting: written.waiting,
    dryRun: written.changes,
    probe,
    volume: volume.trouble,
    upgradeBackup: written.backup,
    rollout: written.rollout,
    lostRevision: lostIn(blueprint.rollout),
  });
  parts.secretMetrics.report(resource, snapshot.secrets);
  probes.track(targetOf(snapshot, blueprint));
  const result = await writeStatus(parts, known, statusOf(snapshot, new Date(parts.now()).toISOString()));
  failures.push(...(await replacePod(parts, snapshot)));
  const soon = [
    snapshot.lookAgainMs,
    snapshot.backups?.lookAgainMs,
    exposureLookAgainMs(snapshot),
    verdictLookAgainMs(verdict),
    untilSecretsChange(blueprint, { ...written, now: parts.now(), mayWrite: parts.mayWrite(resource) }),
    written.lookAgainMs,
    untilWindow(snapshot, parts.now()),
    volume.lookAgainMs,
    await settlePairing(parts, snapshot, hmac.current),
  ];
  return { ...soon.reduce(sooner, result), failures };
}

function trackOutside({ exposureProbes }: ReconcileParts, { uid }: CachedResource, target: ExposureTarget | undefined) {
  if (target) exposureProbes.track(target);
  else exposureProbes.forget(uid);
}

/** The end of another resource's pod is not reported to this one. */
const verdictLookAgainMs = (verdict: Verdict | undefined) =>
  verdict?.state === "Waits" || verdict?.state === "Unknown" ? handOverMs : undefined;

const handOverMs = 2_000;

const sooner = (result: Result, afterMs: number | undefined): Result =>
  afterMs === undefined ? result : { requeueAfterMs: Math.min(afterMs, result.requeueAfterMs ?? afterMs) };
