import { ApiError, ConnectionError, isNotFound, needsList } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { Query } from "./client.ts";
import type { KubernetesList, KubernetesObject, WatchEvent } from "./kubernetes-object.ts";
import { initialiseReflectorMetrics, type ReflectorErrorKind } from "./metrics.ts";
import { Mirror } from "./mirror.ts";
import { completeOptions, type ReflectorOptions, type ReflectorParts } from "./reflector-options.ts";
import { apiVersionOf, resourcePath } from "./resource-type.ts";
import { isNewer } from "./resource-version.ts";
import { SilenceGuard } from "./silence-guard.ts";
import type { Stored } from "./store.ts";
import { MalformedEventError } from "./watch-stream.ts";

export type { Change } from "./mirror.ts";
export type { ReflectorOptions, ReflectorParts } from "./reflector-options.ts";

const metadataAccept = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1`;

/** After so many consecutive failures the watch may be asking for something impossible: list again. */
const mostWatchFailures = 5;

/** A watch that ends sooner, without any event, is a failure: resuming it at once could loop thousands of times a second. */
const shortestHealthyWatchMs = 1000;

/** For how long after `recheck` a missing resource is requested repeatedly. */
const eagerMs = 30_000;

/**
 * Keeps a store equal to a collection of the API server: lists, then watches until it is stopped.
 *
 * @example
 * ```ts
 * const store = new Store<Stored>();
 * const reflector = new Reflector({
 *   client,
 *   type: deployments,
 *   labelSelector: "app.kubernetes.io/managed-by=example-operator",
 *   reduce: ({ metadata: { namespace = "", name = "", uid = "", resourceVersion = "" } }) => ({
 *     namespace,
 *     name,
 *     uid,
 *     resourceVersion,
 *   }),
 *   store,
 *   onChange: ({ after, before }) => controller.enqueue(after ?? before),
 *   clock,
 *   random: Math.random,
 *   logger,
 *   metrics,
 * });
 * void reflector.run(signal);
 * await reflector.synced;
 * ```
 */
export class Reflector<T extends Stored> {
  /** For logs, metrics and health checks: "deployments.apps", "secrets". */
  readonly resource: string;
  /** The watched namespace; undefined means all. */
  readonly namespace: string | undefined;
  /** Resolves when the first list is in the store (or an optional resource is known to be missing). */
  readonly synced: Promise<void>;
  readonly #parts: ReflectorParts<T>;
  readonly #options: Required<ReflectorOptions>;
  readonly #mirror: Mirror<T>;
  readonly #backoff: Backoff;
  readonly #path: string;
  readonly #selectors: Query;
  readonly #apiVersion: string;
  #resolveSynced: () => void = () => {};
  #hasSynced = false;
  #absent = false;
  #lastContactAt: number | undefined;
  #startedAt: number | undefined;
  /** Where the next watch begins; undefined asks for a list first. */
  #resourceVersion: string | undefined;
  #watchFailures = 0;
  /** The server sends no bookmarks: never for events, for other types until something changes after its own restart. */
  #quiet = false;
  #wake: AbortController | undefined;
  #recheckWanted = false;
  #eagerUntil = 0;

  constructor(parts: ReflectorParts<T>) {
    const { type, namespace, labelSelector, fieldSelector } = parts;
    this.resource = type.group === "" ? type.plural : `${type.plural}.${type.group}`;
    this.namespace = namespace;
    this.#parts = parts;
    this.#options = completeOptions(parts.options);
    this.#mirror = new Mirror({ ...parts, onFailure: (stage, error) => this.#report(stage, error) });
    this.#backoff = new Backoff({ ...this.#options.backoff, random: parts.random });
    this.#path = resourcePath(type, { namespace });
    this.#selectors = { labelSelector, fieldSelector };
    this.#apiVersion = apiVersionOf(type);
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
    initialiseReflectorMetrics(parts.metrics, this.resource);
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** True while an optional resource is missing. */
  get absent(): boolean {
    return this.#absent;
  }

  /** Milliseconds without data from the server; 0 before `run` and while an optional resource is missing. */
  get silentMs(): number {
    const since = this.#lastContactAt ?? this.#startedAt;
    return this.#absent || since === undefined ? 0 : this.#parts.clock.monotonic() - since;
  }

  /** Checks again for a missing optional resource. Call it when a CRD appears. */
  recheck(): void {
    this.#recheckWanted = true;
    this.#eagerUntil = this.#parts.clock.monotonic() + eagerMs;
    this.#wake?.abort();
  }

  /**
   * Stores what a write answered, if the watch has not come that far yet, so that the next reconcile
   * sees its own write. Causes no onChange, neither now nor when the watch brings the same version.
   */
  observe(object: KubernetesObject): void {
    this.#mirror.observe(object, this.#resourceVersion);
  }

  /** Resolves after the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#startedAt = this.#parts.clock.monotonic();
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list(signal);
        else await this.#watch(this.#resourceVersion, signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { metrics } = this.#parts;
    metrics.reflectorLists.inc({ resource: this.resource });
    this.#recheckWanted = false;
    const replacement = this.#mirror.startReplacement();
    let resourceVersion: string | undefined;
    let token: string | undefined;
    do {
      // A page is large. All reflectors list at the start, and each holds one page while it takes the objects out.
      await this.#options.paging.run(async () => {
        const page = await this.#page(this.#options.pageSize, token, signal);
        for (const item of page.items ?? []) replacement.add(this.#named(item));
        resourceVersion = page.metadata.resourceVersion;
        token = page.metadata.continue || undefined;
      });
    } while (token !== undefined);
    replacement.finish();
    this.#resourceVersion = resourceVersion;
    this.#watchFailures = 0;
    this.#markPresent(true);
    this.#markSynced();
  }

  async #page(limit: number, token: string | undefined, signal: AbortSignal): Promise<KubernetesList> {
    const { client, metadataOnly } = this.#parts;
    const page: KubernetesList = await client.request({
      method: "GET",
      path: this.#path,
      query: { ...this.#selectors, limit, continue: token },
      accept: metadataOnly ? metadataAccept("PartialObjectMetadataList") : undefined,
      signal,
    });
    this.#heard();
    return page;
  }

  /** Returns when the watch ended in a way that needs no pause: it is resumed where it stopped. */
  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const { client, clock, metrics, metadataOnly } = this.#parts;
    metrics.reflectorWatches.inc({ resource: this.resource });
    const openedAt = clock.monotonic();
    const guard = new SilenceGuard(clock, this.#options.stallTimeoutMs, signal);
    const accept = metadataOnly ? metadataAccept("PartialObjectMetadata") : undefined;
    let events = 0;
    try {
      for await (const event of client.watch(this.#path, this.#watchQuery(from), guard.signal, accept)) {
        guard.heard();
        this.#take(event);
        events += 1;
      }
    } catch (error) {
      if (!guard.tripped) throw error;
      return await this.#stalled(from, signal);
    } finally {
      guard.end();
    }
    this.#heard();
    if (events === 0 && clock.monotonic() - openedAt < shortestHealthyWatchMs) {
      throw new Error(`the watch of ${this.resource} ended as soon as it began`);
    }
  }

  /** Distinguishes a server without news from a lost watch, and from a server that forgot: etcd was restored. */
  async #stalled(from: string, signal: AbortSignal): Promise<void> {
    const { resource } = this;
    const { metrics, logger } = this.#parts;
    metrics.reflectorWatchStalls.inc({ resource });
    const details = { resource, silentMs: this.#options.stallTimeoutMs };
    if (this.#quiet) logger.warn(details, "a watch had no events and did not end in time; resuming it");
    else logger.info(details, "a watch had no events for too long; resuming it");
    this.#quiet = true;
    const { metadata } = await this.#page(1, undefined, signal);
    // A watch from a version that the server has not reached never gets an event.
    if (isNewer(from, metadata.resourceVersion ?? "")) this.#resourceVersion = undefined;
  }

  #watchQuery(resourceVersion: string): Query {
    const { min, max } = this.#quiet ? this.#beforeStall() : this.#options.watchTimeoutSeconds;
    const timeoutSeconds = Math.floor(min + this.#parts.random() * (max - min));
    return { ...this.#selectors, resourceVersion, allowWatchBookmarks: true, timeoutSeconds };
  }

  /** Seconds after which a watch ends by itself, so that a watch without events is not mistaken for a stalled one. */
  #beforeStall() {
    const stallSeconds = this.#options.stallTimeoutMs / 1000;
    return { min: Math.max(1, 0.55 * stallSeconds), max: Math.max(1, 0.75 * stallSeconds) };
  }

  #take(event: WatchEvent): void {
    if (event.type === "ERROR") {
      const { object } = event;
      throw new ApiError({ method: "WATCH", path: this.#path, status: object.code ?? 500, body: object });
    }
    this.#heard();
    if (event.type === "DELETED") this.#mirror.remove(event.object);
    else if (event.type !== "BOOKMARK") this.#mirror.put(this.#named(event.object));
    this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
    this.#watchFailures = 0;
    this.#quiet = false;
    this.#backoff.reset();
  }

  /** Lists of built-in types leave apiVersion and kind out of their items. */
  #named(object: KubernetesObject): KubernetesObject {
    object.apiVersion ??= this.#apiVersion;
    object.kind ??= this.#parts.type.kind;
    return object;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const listing = this.#resourceVersion === undefined;
    if (listing && this.#options.optional && isNotFound(error)) return await this.#waitForResource(signal);
    this.#report(error instanceof MalformedEventError ? "malformed" : listing ? "list" : "watch", error);
    this.#quiet = false;
    // While the server is away the watch loses nothing: it resumes where it stopped.
    if (!(error instanceof ConnectionError)) this.#watchFailures += 1;
    if (needsList(error) || this.#watchFailures >= mostWatchFailures) this.#resourceVersion = undefined;
    await this.#parts.clock.sleep(this.#backoff.next(), signal);
  }

  /** A CRD is announced a moment before its resource is served: after `recheck` the delay is short for a while. */
  async #waitForResource(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#parts;
    this.#heard();
    if (!this.#absent) logger.info({ resource: this.resource }, "the resource is not installed; continuing without it");
    this.#markPresent(false);
    this.#mirror.clear();
    this.#markSynced();
    if (clock.monotonic() < this.#eagerUntil) return await clock.sleep(this.#backoff.next(), signal);
    this.#backoff.reset();
    if (this.#recheckWanted) return;
    this.#wake = new AbortController();
    await clock.sleep(this.#options.optionalPollMs, AbortSignal.any([signal, this.#wake.signal]));
    this.#wake = undefined;
  }

  #heard(): void {
    this.#lastContactAt = this.#parts.clock.monotonic();
  }

  #markPresent(present: boolean): void {
    const turned = this.#hasSynced && this.#absent === present;
    this.#absent = !present;
    if (turned) this.#parts.onPresence?.(present);
  }

  #markSynced(): void {
    this.#hasSynced = true;
    this.#resolveSynced();
  }

  #report(kind: ReflectorErrorKind, error: unknown): void {
    const { resource } = this;
    this.#parts.metrics.reflectorErrors.inc({ resource, kind });
    this.#parts.logger.warn({ resource, kind, err: error, failures: this.#watchFailures }, "reflector error");
  }
}
