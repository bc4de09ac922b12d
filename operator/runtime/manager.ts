import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { Controller, type ControllerOptions } from "./controller.ts";
import type { EventRecorder } from "./event-recorder.ts";
import type { Informer, InformerDefinition } from "./informer.ts";
import { Informers } from "./informers.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { Reflector } from "./reflector.ts";
import type { Source } from "./sources.ts";
import type { Stored } from "./store.ts";
import { WorkQueue } from "./work-queue.ts";

export type ManagerParts = {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  /** Ids of reconciles. */
  readonly newId: () => string;
  /** Writes the events of the controllers. */
  readonly events: EventRecorder;
  /** The namespaces to watch; none means all. */
  readonly namespaces?: readonly string[];
};

export type ControllerDefinition = Pick<ControllerOptions, "name" | "concurrency" | "reconcile"> & {
  readonly sources: readonly Source[];
  /** Longest delay between two tries of a key that fails, in ms. Default 1000 s. */
  readonly longestBackoffMs?: number;
};

/**
 * Runs controllers over shared informers. The watches start at once, so that a standby has what it needs; reconciles run only
 * while this process leads.
 *
 * @example
 * ```ts
 * const manager = new Manager({ client, clock, logger, metrics, random: Math.random, newId: () => "7d9c", events });
 * const informer = manager.informer({ type: deployments, reduce: storedOf });
 * manager.add({
 *   name: "example",
 *   sources: [changesOf(informer, { keys: ({ namespace, name }) => [{ namespace, name }] })],
 *   reconcile: async ({ namespace, name }) => {
 *     logger.info({ found: informer.store.get(namespace, name) !== undefined }, "looked");
 *     return {};
 *   },
 * });
 * const watching = manager.watch(signal);
 * await manager.lead(signal);
 * await watching;
 * ```
 */
export class Manager {
  readonly #parts: ManagerParts;
  readonly #informers: Informers;
  readonly #controllers: Controller[] = [];

  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#informers = new Informers(parts);
  }

  get controllers(): readonly Controller[] {
    return this.#controllers;
  }

  get reflectors(): readonly Reflector<never>[] {
    return this.#informers.reflectors;
  }

  /** The informer of a definition, shared by all controllers that ask for it. */
  informer<T extends Stored>(definition: InformerDefinition<T>): Informer<T> {
    return this.#informers.of(definition);
  }

  /** Adds a controller. Call it before `watch`. */
  add({ sources, longestBackoffMs, ...definition }: ControllerDefinition): Controller {
    const { name } = definition;
    const limit = longestBackoffMs === undefined ? {} : { maxDelayMs: longestBackoffMs };
    const controller = new Controller({
      ...this.#parts,
      ...definition,
      queue: new WorkQueue({ ...this.#parts, name, ...limit }),
    });
    for (const source of sources) source.start((key, options) => controller.enqueue(key, options));
    this.#controllers.push(controller);
    return controller;
  }

  /** Watches until the signal aborts. */
  watch(signal: AbortSignal): Promise<void> {
    return this.#informers.start(signal);
  }

  /** Reconciles until the signal aborts, once the caches are filled. Call it when this process may write. */
  async lead(signal: AbortSignal): Promise<void> {
    await Promise.race([Promise.all(this.reflectors.map(({ synced }) => synced)), aborted(signal)]);
    const done = new AbortController();
    const recording = this.#parts.events.run(done.signal);
    await Promise.all(this.#controllers.map((controller) => controller.run(signal)));
    // The last reconciles may record events, too.
    done.abort();
    await recording;
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
