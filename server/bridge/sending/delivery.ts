import type { Logger } from "../../telemetry/logger.ts";
import type { Breaker } from "../pacing/breaker.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { BridgeMetrics } from "../status/metrics.ts";
import type { Reachability } from "../telegram/reachability.ts";
import { Attempts, type AttemptsOptions } from "./attempts.ts";
import { Recorder, type RecorderOptions, STORAGE_RETRY_MS } from "./recorder.ts";

export type DeliveryOptions = AttemptsOptions &
  RecorderOptions & {
    readonly queue: Queue;
    readonly pacer: Pacer;
    readonly reachability: Pick<Reachability, "reachable">;
    readonly breaker: Breaker;
    readonly metrics: BridgeMetrics;
    readonly logger: Logger;
    readonly now: () => number;
  };

/** After this time a request under way at the end is given up; its message is then sent again after the restart. */
const LAST_REQUEST_MS = 10_000;
/** Longest delay of a JavaScript timer is 2^31-1 ms; waking up in vain once an hour costs nothing. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Takes messages out of the queue when the pacer says so, and has them sent. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #recorder: Recorder;
  readonly #attempts: Attempts;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#recorder = new Recorder(options);
    this.#attempts = new Attempts(options, this.#recorder, this.#abort.signal);
  }

  add(messages: readonly PendingMessage[]): void {
    for (const message of messages) this.#options.pacer.add(message);
    this.wake();
  }

  /** Keeps what clients sent from leaving, or lets it go on. Requests under way end. */
  hold(held: boolean): void {
    this.#options.pacer.hold(held);
    this.wake();
  }

  /** Sends what may be sent now, and sets the timer for what may be later. */
  wake(): void {
    clearTimeout(this.#timer);
    const { pacer, now, reachability, breaker } = this.#options;
    if (this.#stopped || !reachability.reachable) return;
    const gate = breaker.gate(now());
    if (typeof gate === "object") return void this.#wakeAt(gate.until - now());
    const most = gate === "one" ? 1 - this.#running.size : Number.POSITIVE_INFINITY;
    const batch: Started[] = [];
    while (batch.length < most) {
      const time = now();
      const turn = pacer.next(time);
      if ("waitUntil" in turn) {
        this.#wakeAt(turn.waitUntil - time);
        break;
      }
      pacer.started(turn.chatId, time);
      batch.push(turn);
    }
    if (batch.length > 0) this.#track(this.#send(batch));
  }

  /** Gives up what expires behind a pause or a backlog, so that it takes no room there; true when there may be more. */
  async prune(): Promise<boolean> {
    const { queue, pacer, metrics, now } = this.#options;
    const at = now();
    const expired = queue.expired(at).filter(({ pending }) => pacer.remove(pending));
    await Promise.all(expired.map(({ message }) => this.#recorder.record(message, { kind: "expired", at })));
    // Newer progress came in the turn in which it was given up.
    const again = queue.waiting(expired.map(({ pending }) => pending.id));
    this.add(again);
    metrics.expired.inc(expired.length - again.length);
    return expired.length > 0;
  }

  /** Starts nothing more; resolves when the requests under way are recorded. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#recorder.stop();
    clearTimeout(this.#timer);
    const limit = setTimeout(() => this.#abort.abort(), LAST_REQUEST_MS);
    while (this.#running.size > 0) await Promise.all(this.#running);
    clearTimeout(limit);
  }

  #wakeAt(delay: number): void {
    if (delay === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(delay, 1), LONGEST_SLEEP_MS));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#running.delete(tracked);
      this.wake();
    });
    this.#running.add(tracked);
  }

  async #send(batch: readonly Started[]): Promise<void> {
    const { queue, pacer, now, logger } = this.#options;
    try {
      const messages = new Map((await queue.begin(batch.map(({ id }) => id))).map((message) => [message.id, message]));
      for (const { id, chatId } of batch) {
        const message = messages.get(id);
        if (message !== undefined) this.#track(this.#attempts.make(message, chatId));
        else this.#drop(id, chatId);
      }
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, "delivery waits for the queue");
      for (const { chatId } of batch) pacer.cancelled(chatId, now() + STORAGE_RETRY_MS);
    }
  }

  #drop(id: number, chatId: number): void {
    this.#options.logger.error({ message: id }, "a message vanished from the queue");
    this.#options.pacer.dropped(chatId, this.#options.now());
  }
}

type Started = Pick<PendingMessage, "id" | "chatId">;
