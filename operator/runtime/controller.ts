import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { AddOptions, WorkQueue } from "./work-queue.ts";

export type ObjectKey = { readonly namespace: string; readonly name: string };

export type Result = { readonly requeueAfterMs?: number };

/** Throw it from a reconcile whose failure only a change of the object can end: it is not tried again. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

export type ControllerOptions = {
  readonly name: string;
  /** Reconciles at a time. Default 8. */
  readonly concurrency?: number;
  /** The signal aborts when the controller stops. */
  readonly reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Result>;
  readonly queue?: WorkQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/** Runs reconciles of keys from a work queue, never two of the same key at a time. */
export class Controller {
  readonly name: string;

  constructor(options: ControllerOptions) {
    this.name = options.name;
  }

  /** How long the oldest reconcile runs, in ms; 0 without any. */
  get longestRunningMs(): number {
    return 0;
  }

  enqueue(_key: ObjectKey, _options: AddOptions & { readonly afterMs?: number } = {}): void {}

  /** Resolves after the signal aborted and the running reconciles have ended. */
  run(_signal: AbortSignal): Promise<void> {
    throw new Error("not yet");
  }
}
