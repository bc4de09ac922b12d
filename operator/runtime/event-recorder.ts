import { ApiError, isNotFound } from "./api-error.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { Fifo } from "./fifo.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { microTime } from "./lease.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { reconcileContext } from "./reconcile-context.ts";
import { type ResourceType, resourcePath } from "./resource-type.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** The object that an event is about. The namespace is "" for objects without one. */
export type Regarding = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
};

export type EventNote = {
  readonly type: "Normal" | "Warning";
  /** CamelCase: why. Cut at 128 characters. */
  readonly reason: string;
  /** CamelCase: what was done. Default: the reason. */
  readonly action?: string;
  /** For people. Cut at 1024 bytes. */
  readonly message: string;
};

export type EventRecorderOptions = {
  readonly client: Client;
  /** "example.io/name-of-the-controller". */
  readonly reportingController: string;
  /** Name of the pod. */
  readonly reportingInstance: string;
  /** Annotation that says of which reconcile an event tells, as lines of the log do. Default: none. */
  readonly reconcileAnnotation?: string;
  readonly clock: Clock;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "events">;
};

/** A repeated event is one object with a count, as long as the repetitions come within this time. */
type Series = { readonly path: string; count: number; lastAt: number };

type Job = {
  readonly key: string;
  readonly regarding: Regarding;
  readonly note: EventNote;
  readonly at: number;
  /** Of the reconcile, if it was in one. */
  readonly reconcileID: string | undefined;
};

const eventType: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};
const seriesMs = 600_000;
const longestQueue = 5000;
const mostSeries = 5000;
const lastSendsMs = 2_000;

/**
 * Writes Kubernetes events in the background: neither blocks nor fails the caller.
 *
 * @example
 * ```ts
 * const events = new EventRecorder({
 *   client,
 *   reportingController: "example.io/example-operator",
 *   reportingInstance: "example-operator-7d9c",
 *   clock,
 *   random: Math.random,
 *   logger,
 *   metrics,
 * });
 * void events.run(signal);
 * const regarding = { apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: "one", uid: "2f6c" };
 * events.record(regarding, { type: "Normal", reason: "Ready", message: "all replicas are ready" });
 * ```
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #jobs = new Fifo<Job>();
  readonly #series = new Map<string, Series>();
  /** client-go's limits: one failing object must not flood the API server. */
  readonly #limits: TokenBuckets;
  #wake: () => void = () => {};

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#limits = new TokenBuckets({ burst: 25, refillMs: 300_000, clock: options.clock });
    for (const outcome of ["sent", "dropped", "error"]) options.metrics.events.inc({ outcome }, 0);
  }

  record(regarding: Regarding, note: EventNote): void {
    const { clock, metrics } = this.#options;
    if (this.#jobs.length >= longestQueue || !this.#limits.take(regarding.uid)) {
      metrics.events.inc({ outcome: "dropped" });
      return;
    }
    const key = [regarding.uid, note.type, note.reason, note.action ?? "", note.message].join("\n");
    this.#jobs.push({ key, regarding, note, at: clock.now(), reconcileID: reconcileContext().reconcileID });
    this.#wake();
  }

  /** Sends recorded events until the signal aborts, then the pending ones for a moment. */
  async run(signal: AbortSignal): Promise<void> {
    const last = aMomentAfter(signal);
    await this.#sendAll(last);
    while (!signal.aborted) {
      if (this.#jobs.length === 0) await this.#nextJob(signal);
      await this.#sendAll(last);
    }
  }

  #nextJob(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        signal.removeEventListener("abort", this.#wake);
        this.#wake = () => {};
        resolve();
      };
      signal.addEventListener("abort", this.#wake, { once: true });
    });
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      if (signal.aborted) {
        this.#options.metrics.events.inc({ outcome: "dropped" });
        continue;
      }
      await this.#send(job, signal);
    }
  }

  /** An event that cannot be written is counted and dropped: the status has the same information. */
  async #send(job: Job, signal: AbortSignal): Promise<void> {
    const { metrics, logger } = this.#options;
    try {
      await this.#write(job, signal);
      metrics.events.inc({ outcome: "sent" });
    } catch (error) {
      metrics.events.inc({ outcome: "error" });
      // The namespace is being deleted, or does not exist any more: the event is not needed.
      const expected = error instanceof ApiError && (error.status === 403 || error.status === 404);
      const { kind, namespace, name } = job.regarding;
      logger[expected ? "debug" : "warn"]({ err: error, kind, namespace, name }, "could not write an event");
    }
  }

  async #write(job: Job, signal: AbortSignal): Promise<void> {
    const known = this.#series.get(job.key);
    if (known !== undefined && job.at - known.lastAt <= seriesMs) {
      known.count += 1;
      known.lastAt = job.at;
      if (await this.#count(known, signal)) return;
    }
    await this.#create(job, signal);
  }

  /** False when the event is gone: the API server deletes them after an hour. */
  async #count({ path, count, lastAt }: Series, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.client.request({
        method: "PATCH",
        path,
        contentType: "application/merge-patch+json",
        body: { series: { count, lastObservedTime: microTime(lastAt) } },
        signal,
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #create(job: Job, signal: AbortSignal): Promise<void> {
    const body = this.#eventOf(job);
    const { namespace, name } = body.metadata;
    const path = resourcePath(eventType, { namespace });
    await this.#options.client.request({ method: "POST", path, body, signal });
    this.#series.delete(job.key);
    this.#series.set(job.key, { path: `${path}/${name}`, count: 1, lastAt: job.at });
    if (this.#series.size > mostSeries) this.#dropOldestSeries();
  }

  #dropOldestSeries(): void {
    const [oldest] = this.#series.keys();
    if (oldest !== undefined) this.#series.delete(oldest);
  }

  #eventOf({ regarding, note, at, reconcileID }: Job): KubernetesObject {
    const { reportingController, reportingInstance, reconcileAnnotation, random } = this.#options;
    const suffix = `.${at.toString(16)}${Math.floor(random() * 0x1000000).toString(16)}`;
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: {
        name: `${regarding.name.slice(0, 253 - suffix.length)}${suffix}`,
        namespace: regarding.namespace || "default",
        ...(reconcileAnnotation && reconcileID && { annotations: { [reconcileAnnotation]: reconcileID } }),
      },
      eventTime: microTime(at),
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      type: note.type,
      reason: note.reason.slice(0, 128),
      action: (note.action ?? note.reason).slice(0, 128),
      note: cutToBytes(note.message, 1024),
      regarding: regarding.namespace === "" ? { ...regarding, namespace: undefined } : regarding,
    };
  }
}

function aMomentAfter(signal: AbortSignal): AbortSignal {
  const later = new AbortController();
  const end = () => AbortSignal.timeout(lastSendsMs).addEventListener("abort", () => later.abort(), { once: true });
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return later.signal;
}

/** The API server counts bytes; a cut must not leave half a character. */
function cutToBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = most - 3;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}...`;
}
