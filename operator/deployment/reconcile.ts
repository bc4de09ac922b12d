import type { DeploymentStatus } from "../api/status.ts";
import { isNamespaceTerminating } from "../runtime/api-error.ts";
import type { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { Blueprint } from "./blueprint.ts";
import type { CachedResource } from "./cached-objects.ts";
import type { Cluster } from "./cluster.ts";
import { converge } from "./convergence.ts";
import type { Certificate } from "./exposure/certificate.ts";
import { tlsSecretOf } from "./exposure/exposure.ts";
import { exposureSnapshotOf, exposureTargetOf } from "./exposure/gather.ts";
import type { ExposureProbe, ExposureTarget } from "./exposure/probe.ts";
import { exposureLookAgainMs } from "./exposure/problems.ts";
import { failedOf, refusedOf } from "./failures.ts";
import type { ForeignSecrets } from "./foreign-secrets.ts";
import { blueprintOf, isStored, type Settings, snapshotOf, targetOf } from "./gather.ts";
import type { GeneratedValues } from "./generated-values.ts";
import type { ProbeResult, Target } from "./parts-probe.ts";
import { untilKeysChange } from "./previous-keys.ts";
import type { ProbeSchedule } from "./probe-schedule.ts";
import type { Arbiter } from "./receiving/arbiter.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import type { PreviewResult, PreviewTarget } from "./rollout/preview-probe.ts";
import type { Revisions } from "./rollout/revisions.ts";
import { rolloutStep, type Standing, statusOf as statusOfRollout } from "./rollout/step.ts";
import type { TokenSecret } from "./snapshot.ts";
import { statusOf } from "./status.ts";
import { storeStatus, writeStatus } from "./status-writer.ts";
import type { TokenSecrets } from "./token-secret.ts";

export type ReconcileParts = {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly applier: Applier;
  readonly recorder: EventRecorder;
  readonly probes: ProbeSchedule<Target, ProbeResult>;
  readonly exposureProbes: ProbeSchedule<ExposureTarget, ExposureProbe>;
  readonly previews: ProbeSchedule<PreviewTarget, PreviewResult>;
  readonly revisions: Revisions;
  readonly tokenSecrets: TokenSecrets;
  readonly arbiter: Arbiter;
  /** Whether its children are written: it is neither paused nor forbidden, and no other operator serves it. */
  readonly mayWrite: (resource: CachedResource) => boolean;
  /** The certificates of Ingresses. */
  readonly certificates: ForeignSecrets<Certificate>;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly generated: GeneratedValues;
  /** When a resource's changed status has to be written, by namespace and name. */
  readonly statusDueAt: Map<string, number>;
  /** Namespaces that are being deleted, and until when not to write there. */
  readonly terminatingUntil: Map<string, number>;
};

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

  const { tokenSecret, certificate, failures: unread } = await secretsOf(parts, resource);
  const verdict = await parts.arbiter.verdict(resource);
  const asked = blueprintOf(resource, { ...parts, tokenSecret, verdict });
  const { standing, failures: undecided } = await standingOf(parts, resource, asked);
  const blueprint = standing?.blueprint ?? asked;
  const failures = [...unread, ...undecided, ...(standing ? await converge(parts, resource, blueprint) : [])];
  parts.arbiter.written(resource, verdict);
  // An own write is not told: without another change this reconcile is the last one for a long time.
  parts.generated.settle(resource.uid, isStored(cluster, resource));
  if (failures.some(isNamespaceTerminating)) {
    parts.terminatingUntil.set(namespace, parts.now() + terminatingMs);
    return { requeueAfterMs: terminatingMs };
  }

  const exposure = exposureSnapshotOf(resource, { ...parts, certificate });
  const outside = exposure && exposureTargetOf(resource, exposure, { cluster, certificate, hmac: blueprint.hmac });
  if (outside) exposureProbes.track(outside);
  else exposureProbes.forget(resource.uid);
  const known = standing ? { ...resource, status: standing.known } : resource;
  const snapshot = snapshotOf(known, {
    ...parts,
    exposure,
    exposureProbe: exposureProbes.result(resource.uid),
    tokenSecret,
    verdict,
    refused: refusedOf(failures),
    failed: failedOf(failures),
    probe: probes.result(resource.uid),
    upgradeBackup: standing?.backup,
    rollout: standing ? statusOfRollout(standing.state) : resource.status.rollout,
  });
  probes.track(targetOf(snapshot, blueprint));
  const result = await writeStatus(parts, known, statusOf(snapshot, new Date(parts.now()).toISOString()));
  const keysLookAgainMs = untilKeysChange(blueprint, parts.now());
  const soon = [
    snapshot.lookAgainMs,
    exposureLookAgainMs(snapshot),
    verdictLookAgainMs(verdict),
    keysLookAgainMs,
    standing?.lookAgainMs,
  ];
  return { ...soon.reduce(sooner, result), failures };
}

/** Where the rollout stands. Nothing is written without that: not while it is paused, and not when it cannot be found out. */
async function standingOf(
  parts: ReconcileParts,
  resource: CachedResource,
  asked: Blueprint,
): Promise<{ readonly standing?: Standing; readonly failures: readonly unknown[] }> {
  if (!parts.mayWrite(resource)) return { failures: [] };
  try {
    const store = (status: DeploymentStatus) => storeStatus(parts, resource, status);
    return { standing: await rolloutStep({ ...parts, store }, resource, asked), failures: [] };
  } catch (error) {
    return { failures: [error] };
  }
}

/** The end of another resource's pod is not reported to this one. */
const verdictLookAgainMs = (verdict: Verdict | undefined) =>
  verdict?.state === "Waits" || verdict?.state === "Unknown" ? handOverMs : undefined;

const handOverMs = 2_000;

const sooner = (result: Result, afterMs: number | undefined): Result =>
  afterMs === undefined ? result : { requeueAfterMs: Math.min(afterMs, result.requeueAfterMs ?? afterMs) };

/** The needed content of users' Secrets. An error is returned as a failure and does not stop anything else. */
async function secretsOf(
  { tokenSecrets, certificates }: ReconcileParts,
  { namespace, name, spec }: CachedResource,
): Promise<{ tokenSecret: TokenSecret; certificate: Certificate | undefined; failures: unknown[] }> {
  const tlsSecret = tlsSecretOf(name, spec);
  const [token, certificate] = await Promise.allSettled([
    tokenSecrets.state(namespace, spec.telegram.botTokenSecretRef),
    tlsSecret === undefined ? undefined : certificates.get(namespace, tlsSecret),
  ]);
  const missing: Certificate | undefined = tlsSecret === undefined ? undefined : { state: "Missing" };
  return {
    tokenSecret: token.status === "fulfilled" ? token.value : "Unknown",
    certificate: certificate.status === "fulfilled" ? (certificate.value ?? missing) : undefined,
    failures: [token, certificate].flatMap((each) => (each.status === "rejected" ? [each.reason] : [])),
  };
}
