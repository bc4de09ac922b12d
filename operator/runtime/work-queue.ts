import type { Clock } from "./clock.ts";
import type { Metrics } from "./metrics.ts";

export type Priority = "normal" | "low";

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

/** A queue of keys in which a key waits once and is worked on by one worker at a time. */
export class WorkQueue {
  constructor(_options: WorkQueueOptions) {}

  /** Keys that wait, delayed ones not counted. */
  get length(): number {
    return 0;
  }

  /** How long the oldest work in progress runs, in ms; 0 without any. */
  get longestRunningMs(): number {
    return 0;
  }

  add(_key: string, _options: AddOptions = {}): void {}

  /** Adds after a delay; of several delays of a key the one that ends first counts. */
  addAfter(_key: string, _ms: number, _options: AddOptions = {}): void {}

  /** Adds after the key's backoff, which doubles each time until `forget`. */
  addRateLimited(_key: string, _options: AddOptions = {}): void {}

  /** Resets the key's backoff. */
  forget(_key: string): void {}

  /** The next key, or undefined once the signal aborts. Call `done` when the work has ended. */
  get(_signal: AbortSignal): Promise<string | undefined> {
    throw new Error("not yet");
  }

  done(_key: string): void {}
}
