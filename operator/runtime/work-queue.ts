import type { Clock, Timer } from "./clock.ts";
import { Fifo } from "./fifo.ts";
import type { Metrics } from "./metrics.ts";

export type Priority = "normal" | "low";

/** `low` waits behind all others: for work without hurry, such as the objects of the first list. */
export type AddOptions = { readonly priority?: Priority };

export type WorkQueueOptions = {
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Delay after the first failure of a key; doubles with each. Default 5 ms. */
  readonly baseDelayMs?: number;
  /** Default 1000 s. */
  readonly maxDelayMs?: number;
};

type Waiting = { priority: Priority; readonly since: number };
type Delayed = { readonly dueAt: number; readonly timer: Timer; readonly priority: Priority };
type Running = { readonly since: number; again?: Priority };

/**
 * A queue of keys in which a key waits once and is handled by one worker at a time, as in client-go: a key that is
 * added while it is handled waits again when that work is done.
 *
 * @example
 * ```ts
 * const queue = new WorkQueue({ name: "example", clock, metrics });
 * queue.add("default/one");
 * const key = await queue.get(signal);
 * if (key !== undefined) queue.done(key);
 * ```
 */
export class WorkQueue {
  readonly #options: Required<WorkQueueOptions>;
  readonly #labels: { readonly name: string };
  /** Keys in order of arrival. A key that left or changed its priority stays behind here and is skipped. */
  readonly #order = { normal: new Fifo<string>(), low: new Fifo<string>() };
  readonly #waiting = new Map<string, Waiting>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #running = new Map<string, Running>();
  readonly #failures = new Map<string, number>();
  readonly #workers = new Set<(key: string | undefined) => void>();

  constructor(options: WorkQueueOptions) {
    this.#options = { baseDelayMs: 5, maxDelayMs: 1_000_000, ...options };
    this.#labels = { name: options.name };
    const { metrics } = options;
    metrics.queueDepth.set(this.#labels, 0);
    metrics.queueAdds.inc(this.#labels, 0);
    metrics.queueRetries.inc(this.#labels, 0);
    metrics.queueDuration.zero(this.#labels);
    metrics.queueWorkDuration.zero(this.#labels);
    metrics.probeQueue(options.name, () => this.#probe());
  }

  /** Number of waiting keys, delayed ones not counted. */
  get length(): number {
    return this.#waiting.size;
  }

  /** How long the oldest work in progress has been running, in ms; 0 without any. */
  get longestRunningMs(): number {
    return this.#probe().longestRunningSeconds * 1000;
  }

  add(key: string, { priority = "normal" }: AddOptions = {}): void {
    const running = this.#running.get(key);
    if (running !== undefined) {
      if (running.again === undefined) this.#options.metrics.queueAdds.inc(this.#labels);
      if (running.again !== "normal") running.again = priority;
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#options.metrics.queueAdds.inc(this.#labels);
      this.#enqueue(key, priority);
    } else if (waiting.priority === "low" && priority === "normal") {
      waiting.priority = "normal";
      this.#order.normal.push(key);
    }
  }

  /** Adds after a delay; of several delays of a key the one that ends first applies. */
  addAfter(key: string, ms: number, { priority = "normal" }: AddOptions = {}): void {
    if (ms <= 0) {
      this.add(key, { priority });
      return;
    }
    const dueAt = this.#now() + ms;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueAt <= dueAt) return;
    earlier?.timer.cancel();
    const timer = this.#options.clock.setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key, { priority });
    }, ms);
    this.#delayed.set(key, { dueAt, timer, priority });
  }

  /** Adds after the key's backoff, which doubles each time until `forget`. */
  addRateLimited(key: string, options: AddOptions = {}): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#options.metrics.queueRetries.inc(this.#labels);
    const { baseDelayMs, maxDelayMs } = this.#options;
    this.addAfter(key, Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures, 60)), options);
  }

  /** Resets the key's backoff. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, or undefined once the signal aborts. Call `done` when the work has ended. */
  async get(signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined;
    return this.#take() ?? (await this.#wait(signal));
  }

  done(key: string): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    this.#running.delete(key);
    this.#options.metrics.queueWorkDuration.observe(this.#labels, (this.#now() - running.since) / 1000);
    if (running.again !== undefined) this.#enqueue(key, running.again);
  }

  /** Cancels the delays. Waiting keys stay. */
  close(): void {
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
  }

  #enqueue(key: string, priority: Priority): void {
    this.#waiting.set(key, { priority, since: this.#now() });
    this.#order[priority].push(key);
    const [worker] = this.#workers;
    if (worker === undefined) {
      this.#options.metrics.queueDepth.set(this.#labels, this.#waiting.size);
      return;
    }
    this.#workers.delete(worker);
    worker(this.#take());
  }

  #take(): string | undefined {
    const key = this.#shift("normal") ?? this.#shift("low");
    if (key === undefined) return undefined;
    const now = this.#now();
    const { metrics } = this.#options;
    metrics.queueDuration.observe(this.#labels, (now - (this.#waiting.get(key)?.since ?? now)) / 1000);
    this.#waiting.delete(key);
    this.#running.set(key, { since: now });
    metrics.queueDepth.set(this.#labels, this.#waiting.size);
    return key;
  }

  #shift(priority: Priority): string | undefined {
    const order = this.#order[priority];
    for (let key = order.shift(); key !== undefined; key = order.shift()) {
      if (this.#waiting.get(key)?.priority === priority) return key;
    }
    return undefined;
  }

  #wait(signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      const give = (key: string | undefined) => {
        signal.removeEventListener("abort", stop);
        resolve(key);
      };
      const stop = () => {
        this.#workers.delete(give);
        resolve(undefined);
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#workers.add(give);
    });
  }

  #probe(): { unfinishedSeconds: number; longestRunningSeconds: number } {
    const now = this.#now();
    let unfinishedSeconds = 0;
    let longestRunningSeconds = 0;
    for (const { since } of this.#running.values()) {
      const seconds = (now - since) / 1000;
      unfinishedSeconds += seconds;
      longestRunningSeconds = Math.max(longestRunningSeconds, seconds);
    }
    return { unfinishedSeconds, longestRunningSeconds };
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
