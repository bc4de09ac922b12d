import { isNamespaceTerminating } from "../runtime/api-error.ts";
import type { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { CachedResource } from "./cached-objects.ts";
import type { Cluster } from "./cluster.ts";
import { converge } from "./convergence.ts";
import type { DryRun } from "./dry-run/dry-run.ts";
import type { Certificate } from "./exposure/certificate.ts";
import { tlsSecretOf } from "./exposure/exposure.ts";
import { exposureSnapshotOf, exposureTargetOf } from "./exposure/gather.ts";
import type { ExposureProbe, ExposureTarget } from "./exposure/probe.ts";
import { exposureLookAgainMs } from "./exposure/problems.ts";
import { failedOf, refusedOf } from "./failures.ts";
import type { ForeignSecrets } from "./foreign-secrets.ts";
import { blueprintOf, isStored, type Settings, snapshotOf, targetOf } from "./gather.ts";
import type { GeneratedValues } from "./generated-values.ts";
import type { Holding } from "./maintenance/holding.ts";
import { untilWindow } from "./maintenance/waiting.ts";
import type { ProbeResult, Target } from "./parts-probe.ts";
import { isDryRun } from "./pausing.ts";
import { untilKeysChange } from "./previous-keys.ts";
import type { ProbeSchedule } from "./probe-schedule.ts";
import type { Arbiter } from "./receiving/arbiter.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import { replacePod } from "./replacement/eviction.ts";
import type { TokenSecret } from "./snapshot.ts";
import { statusOf } from "./status.ts";
import { writeStatus } from "./status-writer.ts";
import type { TokenSecrets } from "./token-secret.ts";

export type ReconcileParts = {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly applier: Applier;
  readonly recorder: EventRecorder;
  readonly probes: ProbeSchedule<Target, ProbeResult>;
  readonly exposureProbes: ProbeSchedule<ExposureTarget, ExposureProbe>;
  readonly tokenSecrets: TokenSecrets;
  readonly arbiter: Arbiter;
  /** Whether its children are written: it is neither paused nor forbidden, and no other operator serves it. */
  readonly mayWrite: (resource: CachedResource) => boolean;
  /** Keeps changes back until a maintenance window. */
  readonly holding: Holding;
  readonly dryRun: DryRun;
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
  const blueprint = blueprintOf(resource, { ...parts, tokenSecret, verdict });
  const mayWrite = parts.mayWrite(resource);
  const converged = mayWrite ? await converge(parts, resource, blueprint) : nothingWritten;
  const preview = isDryRun(resource.spec) ? await parts.dryRun.preview(resource, blueprint) : undefined;
  if (mayWrite) parts.dryRun.forget(resource.uid);
  const failures = [...unread, ...converged.failures, ...(preview?.failures ?? [])];
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
  const snapshot = snapshotOf(resource, {
    ...parts,
    exposure,
    exposureProbe: exposureProbes.result(resource.uid),
    tokenSecret,
    verdict,
    refused: refusedOf(failures),
    failed: failedOf(failures),
    waiting: converged.waiting,
    dryRun: preview?.changes,
    probe: probes.result(resource.uid),
  });
  probes.track(targetOf(snapshot, blueprint));
  const result = await writeStatus(parts, resource, statusOf(snapshot, new Date(parts.now()).toISOString()));
  failures.push(...(await replacePod(parts, snapshot)));
  const keysLookAgainMs = untilKeysChange(blueprint, parts.now());
  const windowMs = untilWindow(snapshot, parts.now());
  const soon = [
    snapshot.lookAgainMs,
    exposureLookAgainMs(snapshot),
    verdictLookAgainMs(verdict),
    keysLookAgainMs,
    windowMs,
  ];
  return { ...soon.reduce(sooner, result), failures };
}

const nothingWritten = { failures: [], waiting: [] };

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
