import { isConflict } from "./api-error.ts";
import type { Clock } from "./clock.ts";
import { NotLeadingError } from "./fenced-client.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { ClaimedError, NotOwnedError } from "./ownership.ts";
import { inReconcile, reconcileContext } from "./reconcile-context.ts";
import { type AddOptions, WorkQueue } from "./work-queue.ts";

/** The namespace is "" for objects without one. */
export type ObjectKey = { readonly namespace: string; readonly name: string };

export type Result = {
  /** Asks for another reconcile after this delay, at least 100 ms, whatever happens before; failures do not delay it further. */
  readonly requeueAfterMs?: number;
  /** Errors in parts of the work while the rest was done. Each is logged, and the key is retried. */
  readonly failures?: readonly unknown[];
};

export type ControllerOptions = {
  readonly name: string;
  /** Reconciles at a time. Default 8. */
  readonly concurrency?: number;
  /** The signal aborts when the controller stops. */
  readonly reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Result>;
  readonly queue?: WorkQueue;
  /** Ids of reconciles, which lines of the log and events carry. */
  readonly newId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

type Outcome =
  | { readonly kind: "success" }
  | { readonly kind: "requeueAfter"; readonly ms: number }
  | { readonly kind: "error"; readonly errors: readonly unknown[]; readonly requeueAfterMs?: number | undefined };

/** A moment that has passed and changes nothing would be a loop without a rest. */
const soonestMs = 100;

/** controller-runtime's values of the label `result`. */
const results = ["success", "requeue", "requeue_after", "error"] as const;

/**
 * Runs reconciles of keys from a work queue, never two of the same key at a time.
 *
 * @example
 * ```ts
 * const controller = new Controller({
 *   name: "example",
 *   reconcile: async ({ namespace, name }, signal) => {
 *     await client.request({ method: "GET", path: resourcePath(deployments, { namespace, name }), signal });
 *     return { requeueAfterMs: 60_000 };
 *   },
 *   newId: () => "7d9c",
 *   clock,
 *   logger,
 *   metrics,
 * });
 * controller.enqueue({ namespace: "default", name: "one" });
 * await controller.run(signal);
 * ```
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #concurrency: number;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#queue = options.queue ?? new WorkQueue(options);
    this.#concurrency = options.concurrency ?? 8;
    this.#initialiseMetrics();
  }

  /** How long the oldest reconcile runs, in ms; 0 without any. */
  get longestRunningMs(): number {
    return this.#queue.longestRunningMs;
  }

  enqueue(key: ObjectKey, options: AddOptions & { readonly afterMs?: number } = {}): void {
    this.#queue.addAfter(`${key.namespace}/${key.name}`, options.afterMs ?? 0, options);
  }

  /** Resolves after the signal aborted and the running reconciles have ended. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: this.#concurrency }, () => this.#work(signal)));
    this.#queue.close();
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.get(signal); key !== undefined; key = await this.#queue.get(signal)) {
      const context = { controller: this.name, ...parseKey(key), reconcileID: this.#options.newId() };
      const next = key;
      await inReconcile(context, async () => {
        const outcome = await this.#reconcile(next, signal);
        try {
          this.#settle(next, outcome, signal);
        } finally {
          this.#queue.done(next);
        }
      });
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<Outcome> {
    const { metrics, clock, reconcile } = this.#options;
    const labels = { controller: this.name };
    const startedAt = clock.monotonic();
    metrics.activeWorkers.inc(labels);
    try {
      const { requeueAfterMs, failures = [] } = await reconcile(parseKey(key), signal);
      if (failures.length > 0) return { kind: "error", errors: failures, requeueAfterMs };
      return requeueAfterMs === undefined ? { kind: "success" } : { kind: "requeueAfter", ms: requeueAfterMs };
    } catch (error) {
      return { kind: "error", errors: [error] };
    } finally {
      metrics.activeWorkers.dec(labels);
      metrics.reconcileTime.observe(labels, (clock.monotonic() - startedAt) / 1000);
    }
  }

  #settle(key: string, outcome: Outcome, signal: AbortSignal): void {
    switch (outcome.kind) {
      case "success":
        this.#queue.forget(key);
        this.#count("success");
        break;
      case "requeueAfter":
        this.#queue.forget(key);
        this.#queue.addAfter(key, Math.max(outcome.ms, soonestMs));
        this.#count("requeue_after");
        break;
      case "error":
        this.#queue.addRateLimited(key);
        if (outcome.requeueAfterMs !== undefined)
          this.#queue.addAfter(key, Math.max(outcome.requeueAfterMs, soonestMs));
        this.#fail(outcome.errors, signal);
        break;
    }
  }

  /** A conflict means that the cache was behind, an abort that we stop: both are transient and not reported. */
  #fail(errors: readonly unknown[], signal: AbortSignal): void {
    const { logger, metrics } = this.#options;
    const news = signal.aborted ? [] : errors.filter((error) => !passes(error));
    for (const err of errors) {
      if (!news.includes(err)) logger.debug({ ...reconcileContext(), err }, "reconcile to be repeated");
      else logger.error({ ...reconcileContext(), err }, "reconcile failed; it will be tried again");
    }
    if (news.length > 0) metrics.reconcileErrors.inc({ controller: this.name });
    this.#count(news.length > 0 ? "error" : "requeue");
  }

  #count(result: (typeof results)[number]): void {
    this.#options.metrics.reconciles.inc({ controller: this.name, result });
  }

  /** Starts at zero, so that the first failure is an increase that an alert can see. */
  #initialiseMetrics(): void {
    const { metrics } = this.#options;
    const labels = { controller: this.name };
    for (const result of results) metrics.reconciles.inc({ ...labels, result }, 0);
    metrics.reconcileErrors.inc(labels, 0);
    metrics.reconcileTime.zero(labels);
    metrics.activeWorkers.set(labels, 0);
    metrics.maxConcurrentReconciles.set(labels, this.#concurrency);
  }
}

/** The cache was behind, an object was claimed, or another process may lead: the next reconcile sees the new state. */
function passes(error: unknown): boolean {
  if (error instanceof NotLeadingError) return true;
  return isConflict(error) || error instanceof ClaimedError || (error instanceof NotOwnedError && error.passes);
}

/** Names and namespaces have no slash. */
function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
