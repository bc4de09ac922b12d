import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** The object that an event is about. */
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
  /** CamelCase: why. */
  readonly reason: string;
  /** CamelCase: what was done. Default: the reason. */
  readonly action?: string;
  /** For people. */
  readonly message: string;
};

export type EventRecorderOptions = {
  readonly client: Client;
  /** "example.io/name-of-the-controller". */
  readonly reportingController: string;
  /** The pod. */
  readonly reportingInstance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "events">;
};

/** Writes Kubernetes events in the background: neither blocks nor fails the caller. */
export class EventRecorder {
  constructor(_options: EventRecorderOptions) {}

  record(_regarding: Regarding, _note: EventNote): void {}

  /** Sends what is recorded until the signal aborts, then what is left for a moment. */
  run(_signal: AbortSignal): Promise<void> {
    throw new Error("not yet");
  }
}
