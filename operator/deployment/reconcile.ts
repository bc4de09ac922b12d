import type { DryRunChange } from "../api/dry-run.ts";
import type { DeploymentStatus } from "../api/status.ts";
import { isNamespaceTerminating } from "../runtime/api-error.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import { importedKeys } from "./adoption/imported-keys.ts";
import type { Blueprint } from "./blueprint.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { ownChild } from "./cache/own-child.ts";
import { converge } from "./convergence.ts";
import type { Certificate } from "./exposure/certificate.ts";
import { tlsSecretOf } from "./exposure/exposure.ts";
import { exposureSnapshotOf, exposureTargetOf } from "./exposure/gather.ts";
import type { ExposureTarget } from "./exposure/probe.ts";
import { exposureLookAgainMs } from "./exposure/problems.ts";
import { exceptAwaited, failedOf, refusedOf } from "./failures.ts";
import { blueprintOf, claimSizeOf, snapshotOf, targetOf } from "./gather.ts";
import { untilWindow } from "./maintenance/waiting.ts";
import { namesOf } from "./names.ts";
import { settlePairing } from "./pairing/settling.ts";
import { isDryRun } from "./pausing/pausing.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import type { ReconcileParts } from "./reconcile-parts.ts";
import { referredConfigMapsOf, referredSecretsOf } from "./references/referred-secrets.ts";
import { replacePod } from "./replacement/eviction.ts";
import { deployments } from "./resource-types.ts";
import { backupOf } from "./rollout/backups.ts";
import { lostIn } from "./rollout/rollout.ts";
import {
  imaginedBlueprint,
  type Parts as RolloutParts,
  rolloutStep,
  type Standing,
  statusOf as statusOfRollout,
} from "./rollout/step.ts";
import { untilSecretsChange } from "./secrets/changes.ts";
import { isStored } from "./secrets/gather.ts";
import type { Referred } from "./secrets/referred-values.ts";
import type { TokenSecret } from "./snapshot.ts";
import { statusOf } from "./status/status.ts";
import { storeStatus, writeStatus } from "./status/writer.ts";

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

  const { failures: unread, ...found } = await foundFor(parts, resource);
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
    untilSecretsChange(blueprint, { now: parts.now(), mayWrite: parts.mayWrite(resource) }),
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

/** What has to be read or asked for a blueprint. */
async function foundFor(parts: ReconcileParts, resource: CachedResource) {
  const secrets = await secretsOf(parts, resource);
  return {
    ...secrets,
    verdict: await parts.arbiter.verdict(resource),
    image: await parts.images.acceptance(resource),
    imported: await importedKeys(resource, parts.formerKeys),
  };
}

/** What became of the children. */
type Written = {
  readonly blueprint: Blueprint;
  /** The resource with the status that is stored by now. */
  readonly known: CachedResource;
  readonly rollout: CachedResource["status"]["rollout"];
  /** The backup that an upgrade waits for. */
  readonly backup?: Standing["backup"];
  /** The workloads of which a change waits for a maintenance window. */
  readonly waiting: readonly string[];
  readonly failures: readonly unknown[];
  /** What would be changed. */
  readonly changes?: readonly DryRunChange[] | undefined;
  readonly lookAgainMs?: number | undefined;
};

async function write(parts: ReconcileParts, resource: CachedResource, asked: Blueprint): Promise<Written> {
  parts.dryRun.forget(resource.uid);
  if (asked.holdsWorkloads && isNew(parts, resource)) {
    const converged = await converge(parts, resource, asked);
    return { ...converged, blueprint: asked, known: resource, rollout: undefined };
  }
  const { standing, failures: undecided } = await standingOf(parts, resource, asked);
  if (standing === undefined) return { ...unwritten(resource, asked), failures: undecided };
  const { blueprint, state, backup, known, lookAgainMs, waits } = standing;
  const { failures, waiting } = await converge(parts, resource, blueprint);
  return {
    ...{ blueprint, backup, failures, lookAgainMs },
    known: { ...resource, status: known },
    rollout: statusOfRollout(state),
    waiting: [...new Set([...(waits ? ["MCP server"] : []), ...waiting])],
  };
}

/** There are no servers yet, and so no revision of them. */
const isNew = ({ cluster }: ReconcileParts, resource: CachedResource) =>
  (resource.status.rollout?.revisions ?? []).length === 0 &&
  ownChild(cluster, resource, deployments, namesOf(resource.name).server) === undefined;

/** Where the rollout stands. Nothing is written when that cannot be found out. */
async function standingOf(
  parts: ReconcileParts,
  resource: CachedResource,
  asked: Blueprint,
): Promise<{ readonly standing?: Standing; readonly failures: readonly unknown[] }> {
  try {
    const store = (status: DeploymentStatus) => storeStatus(parts, resource, status);
    const backup: RolloutParts["backup"] = (facts) => backupOf(parts, resource, facts);
    return { standing: await rolloutStep({ ...parts, store, backup }, resource, asked), failures: [] };
  } catch (error) {
    return { failures: [error] };
  }
}

const unwritten = (resource: CachedResource, blueprint: Blueprint): Written => ({
  ...{ blueprint, known: resource, rollout: resource.status.rollout, waiting: [], failures: [] },
});

/** Nothing is written; with DryRun the status says what would be, a rollout's next step included. */
async function leave(parts: ReconcileParts, resource: CachedResource, asked: Blueprint): Promise<Written> {
  const left = unwritten(resource, asked);
  if (!isDryRun(resource.spec)) return left;
  const imagined = await imaginedBlueprint(parts, resource, asked);
  return { ...left, ...(await parts.dryRun.preview(resource, imagined)) };
}

/** The end of another resource's pod is not reported to this one. */
const verdictLookAgainMs = (verdict: Verdict | undefined) =>
  verdict?.state === "Waits" || verdict?.state === "Unknown" ? handOverMs : undefined;

const handOverMs = 2_000;

const sooner = (result: Result, afterMs: number | undefined): Result =>
  afterMs === undefined ? result : { requeueAfterMs: Math.min(afterMs, result.requeueAfterMs ?? afterMs) };

/** The needed content of users' Secrets. An error is returned as a failure and does not stop anything else. */
async function secretsOf(
  { tokenSecrets, certificates, referredValues }: ReconcileParts,
  { namespace, name, spec }: CachedResource,
): Promise<{
  tokenSecret: TokenSecret;
  certificate: Certificate | undefined;
  referred: Referred;
  failures: unknown[];
}> {
  const tlsSecret = tlsSecretOf(name, spec);
  const reading = referredValues.read(namespace, {
    secrets: referredSecretsOf(spec),
    configMaps: referredConfigMapsOf(spec),
  });
  const [token, certificate] = await Promise.allSettled([
    tokenSecrets.state(namespace, spec.telegram.botTokenSecretRef),
    tlsSecret === undefined ? undefined : certificates.get(namespace, tlsSecret),
  ]);
  const { referred, failures } = await reading;
  const missing: Certificate | undefined = tlsSecret === undefined ? undefined : { state: "Missing" };
  return {
    tokenSecret: token.status === "fulfilled" ? token.value : "Unknown",
    certificate: certificate.status === "fulfilled" ? (certificate.value ?? missing) : undefined,
    referred,
    failures: [
      ...failures,
      ...[token, certificate].flatMap((each) => (each.status === "rejected" ? [each.reason] : [])),
    ],
  };
}
