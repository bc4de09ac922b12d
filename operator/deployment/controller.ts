import { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Manager } from "../runtime/manager.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { PlainFetch } from "../runtime/plain-http.ts";
import { forbiddenIn } from "./allowed.ts";
import type { CachedResource } from "./cached-objects.ts";
import { Cluster } from "./cluster.ts";
import { certificateIn } from "./exposure/certificate.ts";
import { type ExposureProbe, type ExposureTarget, exposureReading } from "./exposure/probe.ts";
import { ForeignSecrets } from "./foreign-secrets.ts";
import type { Settings } from "./gather.ts";
import { GeneratedValues } from "./generated-values.ts";
import { httpProbe } from "./http-probe.ts";
import { adoptionAnnotation, fieldManager, managedByLabel } from "./names.ts";
import { partsReading } from "./parts-probe.ts";
import { ProbeSchedule } from "./probe-schedule.ts";
import { Arbiter } from "./receiving/arbiter.ts";
import { reconcile } from "./reconcile.ts";
import { completeTypes, services } from "./resource-types.ts";
import { sourcesOf } from "./sources.ts";
import { TokenSecrets } from "./token-secret.ts";

export type DeploymentControllerParts = {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  /** Takes the events of resources. */
  readonly events: EventRecorder;
  readonly fetch: PlainFetch;
  /** Probes a public address like a client outside the cluster. */
  readonly lookFromOutside: (target: ExposureTarget) => Promise<ExposureProbe>;
  /** A new secret value: 64 hexadecimal digits. */
  readonly generateKey: () => string;
  readonly concurrency: number;
  readonly settings: Settings;
  /** The other operator, if any, that serves only this namespace: its resources are left to that one. */
  readonly claimant?: (namespace: string) => string | undefined;
};

type Parts = DeploymentControllerParts;

/** Adds the controller of CCTelegramDeployment to a manager. */
export function addDeploymentController(manager: Manager, parts: DeploymentControllerParts) {
  const { clock, settings } = parts;
  const cluster = new Cluster(manager);
  const enqueue = (key: ObjectKey) => controller.enqueue(key);
  const { probes, exposureProbes, forgetProbes } = probesOf(parts, enqueue);
  const generated = new GeneratedValues(parts.generateKey);
  const secrets = secretReaders(parts, cluster);
  const mayWrite = (resource: CachedResource) => isWritten(parts, resource);
  const arbiter = new Arbiter({ cluster, ...secrets, mayWrite, enqueue, now: clock.now });
  const reconcileParts = {
    ...parts,
    ...secrets,
    arbiter,
    mayWrite,
    generated,
    cluster,
    probes,
    exposureProbes,
    recorder: parts.events,
    applier: createApplier(parts, cluster),
    settings,
    now: clock.now,
    statusDueAt: new Map(),
    terminatingUntil: new Map(),
  };
  const forget = (uid: string): void => {
    forgetProbes(uid);
    arbiter.forget(uid);
  };
  const controller = manager.add({
    name: controllerName,
    concurrency: parts.concurrency,
    longestBackoffMs,
    sources: sourcesOf(cluster),
    reconcile: (key) =>
      parts.claimant?.(key.namespace) === undefined ? reconcile(reconcileParts, key) : leave(cluster, forget, key),
  });
  cluster.informers.resources.onChange(({ before, after }) => {
    if (after !== undefined) return;
    forget(before.uid);
    generated.forget(before.uid);
  });
  return {
    /** Another operator claimed the namespace, or released it. */
    reconsider: (namespace: string) => {
      for (const { name } of cluster.resources.list(namespace)) controller.enqueue({ namespace, name });
    },
    stop: () => {
      probes.stop();
      exposureProbes.stop();
    },
  };
}

/** One schedule probes server and bridge through their Services, the other the public address. */
function probesOf(parts: Parts, enqueue: (key: ObjectKey) => void) {
  const { clock, random } = parts;
  const onChange = ({ namespace, name }: ObjectKey) => enqueue({ namespace, name });
  const probe = httpProbe({ fetch: parts.fetch, now: clock.now });
  const probes = new ProbeSchedule({ ...partsReading, probe, onChange, clock, random });
  const outside = { probe: parts.lookFromOutside, keepsResults: false };
  const exposureProbes = new ProbeSchedule({ ...exposureReading, ...outside, onChange, clock, random });
  const forgetProbes = (uid: string) => {
    probes.forget(uid);
    exposureProbes.forget(uid);
  };
  return { probes, exposureProbes, forgetProbes };
}

/** Whether this operator writes the resource's children. */
const isWritten = ({ settings, claimant }: Parts, { namespace, spec }: CachedResource) =>
  spec.reconciliation === "Active" && forbiddenIn(spec, settings).length === 0 && claimant?.(namespace) === undefined;

function secretReaders({ client, generateKey }: Parts, cluster: Cluster) {
  const find = (namespace: string, name: string) => cluster.secret(namespace, name);
  return {
    tokenSecrets: new TokenSecrets(client, find, generateKey()),
    certificates: new ForeignSecrets(client, find, certificateIn),
  };
}

/** Another operator serves the resource. */
async function leave(cluster: Cluster, forget: (uid: string) => void, { namespace, name }: ObjectKey): Promise<Result> {
  const resource = cluster.resources.get(namespace, name);
  if (resource !== undefined) forget(resource.uid);
  return {};
}

function createApplier({ client, logger, metrics }: Parts, cluster: Cluster): Applier {
  return new Applier({
    client,
    fieldManager,
    adoptionAnnotation,
    managedLabel: managedByLabel,
    logger,
    metrics,
    limits: applyLimits,
    creates: completeTypes,
    onWritten: (type, object) => cluster.observe(type, object),
  });
}

const controllerName = "cctelegramdeployment";

/** A refusal, such as by a quota, may end at any time, and nothing tells us when. */
const longestBackoffMs = 60_000;

/**
 * The API server allocates cluster IPs one after the other, each by requests of its own under a lock (MetaAllocator in
 * pkg/registry/core/service/ipallocator): a few at a time keep it busy, more would only slow down all others.
 */
const applyLimits = new Map([[services, 4]]);
