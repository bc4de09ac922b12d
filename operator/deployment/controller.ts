import { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Manager } from "../runtime/manager.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { PlainFetch } from "../runtime/plain-http.ts";
import { foundKeysIn } from "./adoption/imported-keys.ts";
import { forbiddenIn } from "./allowed.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { Cluster } from "./cache/cluster.ts";
import { DryRun } from "./dry-run/dry-run.ts";
import { certificateIn } from "./exposure/certificate.ts";
import type { ExposureProbe, ExposureTarget } from "./exposure/probe.ts";
import { Images, publicKeysIn } from "./image/images.ts";
import { imageOf } from "./image/reference.ts";
import { type ImageFinding, type ImageQuestion, type Review, reviewReading } from "./image/review.ts";
import { Holding } from "./maintenance/holding.ts";
import { adoptionAnnotation, fieldManager, managedByLabel } from "./names.ts";
import { codeConfirmation } from "./pairing/bridge-call.ts";
import { ProbeSchedule } from "./probing/probe-schedule.ts";
import { probesOf } from "./probing/probes.ts";
import { Arbiter } from "./receiving/arbiter.ts";
import { reconcile } from "./reconcile.ts";
import { ForeignSecrets, secretData } from "./references/foreign-secrets.ts";
import { TokenSecrets } from "./references/token-secret.ts";
import { completeTypes, services } from "./resource-types.ts";
import { Revisions } from "./rollout/revisions.ts";
import { GeneratedValues } from "./secrets/generated-values.ts";
import { createSecretMetrics } from "./secrets/metrics.ts";
import { ReferredValues } from "./secrets/referred-values.ts";
import type { Settings } from "./settings.ts";
import { sourcesOf } from "./sources.ts";
import { Volumes } from "./volume/volumes.ts";

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
  /** Looks an image up in its registry. */
  readonly reviewImage: Review;
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
  const { schedules, ...probing } = probesOf(parts, cluster, enqueue);
  const generated = new GeneratedValues(parts.generateKey);
  const secrets = secretReaders(parts, cluster);
  const secretMetrics = createSecretMetrics(parts.metrics.registry);
  const mayWrite = (resource: CachedResource) => isWritten(parts, resource);
  const { images, imageSchedule } = imagesOf(parts, cluster, { enqueue, mayWrite });
  const arbiter = new Arbiter({ cluster, ...secrets, mayWrite, enqueue, now: clock.now });
  const applier = createApplier(parts, cluster);
  const holding = new Holding({ client: parts.client, applier });
  const dryRun = new DryRun({ client: parts.client, applier, cluster });
  const volumes = new Volumes({ client: parts.client, recorder: parts.events, now: clock.now });
  const reconcileParts = {
    ...parts,
    ...secrets,
    volumes,
    arbiter,
    images,
    mayWrite,
    generated,
    cluster,
    ...schedules,
    revisions: new Revisions(parts.client),
    recorder: parts.events,
    applier,
    holding,
    dryRun,
    confirmCode: codeConfirmation({ fetch: parts.fetch, now: clock.now }),
    settings,
    now: clock.now,
    secretMetrics,
    statusDueAt: new Map(),
    terminatingUntil: new Map(),
  };
  const forget = (uid: string): void => {
    probing.forget(uid);
    imageSchedule.forget(uid);
    arbiter.forget(uid);
    holding.forget(uid);
    dryRun.forget(uid);
    volumes.forget(uid);
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
    secretMetrics.forget(before);
  });
  return {
    /** Another operator claimed the namespace, or released it. */
    reconsider: (namespace: string) => {
      for (const { name } of cluster.resources.list(namespace)) controller.enqueue({ namespace, name });
    },
    stop: () => {
      probing.stop();
      imageSchedule.stop();
    },
  };
}

/** Registries are asked rarely: they count, and what they say of an image does not change by itself. */
const reviewing = {
  keepsResults: false,
  firstRetryMs: 1_000,
  retryMs: 30_000,
  retries: 8,
  intervalMs: 300_000,
  patience: 3,
  parallel: 4,
};

function imagesOf(
  { client, clock, random, reviewImage, settings }: Parts,
  cluster: Cluster,
  { enqueue, mayWrite }: { enqueue: (key: ObjectKey) => void; mayWrite: (resource: CachedResource) => boolean },
) {
  const find = (namespace: string, name: string) => cluster.secret(namespace, name);
  const imageSchedule = new ProbeSchedule<ImageQuestion, ImageFinding>({
    ...reviewReading,
    ...reviewing,
    probe: (question) => reviewImage(question, (namespace, name) => secretData(client, namespace, name)),
    onChange: ({ namespace, name }) => enqueue({ namespace, name }),
    clock,
    random,
  });
  const images = new Images({
    schedule: imageSchedule,
    secrets: new ForeignSecrets(client, find, publicKeysIn),
    imageOf: (spec) => imageOf(spec, settings.serverImage),
    defaultImage: settings.serverImage,
    operatorVersion: settings.operatorVersion,
    mayWrite,
  });
  return { images, imageSchedule };
}

/** Whether this operator writes the resource's children. */
const isWritten = ({ settings, claimant }: Parts, { namespace, spec }: CachedResource) =>
  spec.reconciliation === "Active" && forbiddenIn(spec, settings).length === 0 && claimant?.(namespace) === undefined;

function secretReaders({ client, generateKey }: Parts, cluster: Cluster) {
  const find = (namespace: string, name: string) => cluster.secret(namespace, name);
  return {
    tokenSecrets: new TokenSecrets(client, find, generateKey()),
    certificates: new ForeignSecrets(client, find, certificateIn),
    referredValues: new ReferredValues(client, { secret: find, configMap: cluster.configMap }),
    formerKeys: new ForeignSecrets(client, find, foundKeysIn),
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
