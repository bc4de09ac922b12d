import { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { Clock } from "../runtime/clock.ts";
import { Controller, type ObjectKey, type Result } from "../runtime/controller.ts";
import { EventRecorder } from "../runtime/event-recorder.ts";
import { Limiter } from "../runtime/limiter.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { PlainFetch } from "../runtime/plain-http.ts";
import { type Change, Reflector } from "../runtime/reflector.ts";
import type { Stored } from "../runtime/store.ts";
import { WorkQueue } from "../runtime/work-queue.ts";
import { forbiddenIn } from "./allowed.ts";
import { Cache, type Watch } from "./cache.ts";
import type { CachedResource } from "./cached-objects.ts";
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
import { services } from "./resource-types.ts";
import { TokenSecrets } from "./token-secret.ts";

type Parts = {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly fetch: PlainFetch;
  /** Probes a public address like a client outside the cluster. */
  readonly lookFromOutside: (target: ExposureTarget) => Promise<ExposureProbe>;
  /** A new secret value: 64 hexadecimal digits. */
  readonly generateKey: () => string;
  /** Name of this process, for events. */
  readonly instance: string;
  readonly concurrency: number;
  readonly settings: Settings;
  /** The namespaces to serve. None means all. */
  readonly watchNamespaces: readonly string[];
  /** The other operator, if any, that serves only this namespace: its resources are left to that one. */
  readonly claimant?: (namespace: string) => string | undefined;
  /** Ends the watches. */
  readonly signal: AbortSignal;
};

/**
 * Starts the watches at once, so that a standby has filled caches; `lead` reconciles until its signal aborts and is
 * called when this process may write.
 */
export function startDeploymentController(parts: Parts) {
  const { clock, logger, metrics, settings } = parts;
  const cache = new Cache((key) => controller.enqueue(key, { afterMs: settleMs }));
  const { probes, exposureProbes, forgetProbes } = probesOf(parts, (key) => controller.enqueue(key));
  const recorder = recorderOf(parts);
  const applier = createApplier(parts, cache);
  const generated = new GeneratedValues(parts.generateKey);
  const secrets = secretReaders(parts, cache);
  const mayWrite = (resource: CachedResource) => isWritten(parts, resource);
  const enqueue = (key: ObjectKey) => controller.enqueue(key);
  const arbiter = new Arbiter({ cache, ...secrets, mayWrite, enqueue, now: clock.now });
  const reconcileParts = {
    ...parts,
    ...secrets,
    arbiter,
    mayWrite,
    generated,
    cache,
    probes,
    exposureProbes,
    recorder,
    applier,
    settings,
    now: clock.now,
    statusDueAt: new Map(),
    terminatingUntil: new Map(),
  };
  const controller = new Controller({
    name: controllerName,
    concurrency: parts.concurrency,
    queue: new WorkQueue({ name: controllerName, clock, metrics, maxDelayMs: longestBackoffMs }),
    reconcile: (key) =>
      parts.claimant?.(key.namespace) === undefined ? reconcile(reconcileParts, key) : leave(cache, forget, key),
    clock,
    logger,
    metrics,
  });

  const { reflectors, ended } = startWatches(parts, cache, onResource);

  function forget(uid: string): void {
    forgetProbes(uid);
    arbiter.forget(uid);
  }

  function onResource({ before, after, initial }: Change<CachedResource>): void {
    if (!after) {
      forget(before.uid);
      generated.forget(before.uid);
    } else if (before?.resourceVersion !== after.resourceVersion) {
      controller.enqueue({ namespace: after.namespace, name: after.name }, initial ? { priority: "low" } : {});
    }
  }

  return {
    controller,
    reflectors,
    /** Another operator claimed the namespace, or released it. */
    reconsider: (namespace: string) => {
      for (const { name } of cache.resources.list(namespace)) controller.enqueue({ namespace, name });
    },
    lead: async (leading: AbortSignal) => {
      await Promise.race([Promise.all(reflectors.map((reflector) => reflector.synced)), aborted(leading)]);
      const done = new AbortController();
      const recording = recorder.run(done.signal);
      await controller.run(leading);
      // The last reconciles may record events, too.
      done.abort();
      await recording;
    },
    close: async () => {
      probes.stop();
      exposureProbes.stop();
      await ended;
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

function secretReaders({ client, generateKey }: Parts, cache: Cache) {
  const find = (namespace: string, name: string) => cache.secret(namespace, name);
  return {
    tokenSecrets: new TokenSecrets(client, find, generateKey()),
    certificates: new ForeignSecrets(client, find, certificateIn),
  };
}

const recorderOf = (parts: Parts) =>
  new EventRecorder({
    ...parts,
    reportingController: `cctelegram.io/${fieldManager}`,
    reportingInstance: parts.instance,
  });

/** Another operator serves the resource. */
async function leave(cache: Cache, forget: (uid: string) => void, { namespace, name }: ObjectKey): Promise<Result> {
  const resource = cache.resources.get(namespace, name);
  if (resource !== undefined) forget(resource.uid);
  return {};
}

function createApplier({ client, logger, metrics }: Parts, cache: Cache): Applier {
  return new Applier({
    client,
    fieldManager,
    adoptionAnnotation,
    managedLabel: managedByLabel,
    logger,
    metrics,
    limits: applyLimits,
    onWritten: (type, object) => cache.observe(type, object),
  });
}

function startWatches(parts: Parts, cache: Cache, onResource: (change: Change<CachedResource>) => void) {
  const { watchNamespaces } = parts;
  const everywhere = watchNamespaces.length === 0;
  const options = { paging: new Limiter(pagesAtOnce), ...(everywhere ? {} : { optionalPollMs: definitionPollMs }) };
  const running: Promise<void>[] = [];
  const start = <T extends Stored>({ optional = false, ...watch }: Watch<T>) => {
    if (!everywhere && !watch.type.namespaced) return [];
    return (everywhere ? [undefined] : watchNamespaces).map((namespace) => {
      const reflector = new Reflector<T>({ ...parts, ...watch, namespace, options: { ...options, optional } });
      running.push(reflector.run(parts.signal));
      return reflector;
    });
  };
  const reflectors = cache.watch(start, onResource);
  return { reflectors, ended: Promise.all(running) };
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const controllerName = "cctelegramdeployment";

/** A refusal, such as by a quota, may end at any time, and nothing tells us when. */
const longestBackoffMs = 60_000;

/**
 * The API server allocates cluster IPs one after the other, each by requests of its own under a lock (MetaAllocator in
 * pkg/registry/core/service/ipallocator): a few at a time keep it busy, more would only slow down all others.
 */
const applyLimits = new Map([[services, 4]]);

/** One page is requested while the other is processed: more would cost memory at the start and save no time. */
const pagesAtOnce = 2;

/** How often to check for missing CRDs when CRDs may not be watched. */
const definitionPollMs = 60_000;

/** Children change in bursts; a short delay turns a burst into one reconcile. */
const settleMs = 50;
