import type { Logger } from "../../telemetry/logger.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../storage/store.ts";

export type ProgressOptions = {
  readonly store: Pick<Store, "write">;
  readonly queue: Pick<Queue, "nextHeld" | "release">;
  /** What is to be sent. */
  readonly deliver: (messages: readonly PendingMessage[]) => void;
  readonly logger: Logger;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

const STORAGE_RETRY_MS = 1_000;
/** The longest delay of a timer is 2^31-1 ms. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Lets the messages go that show how far tasks are, each when its time has come. */
export class Progress {
  readonly #options: ProgressOptions;
  #timer: NodeJS.Timeout | undefined;
  #releasing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Looks when the next one may go: one more is held, or one has been sent. */
  wake(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#releasing !== undefined) return;
    const { queue, now } = this.#options;
    try {
      const due = queue.nextHeld();
      if (due !== undefined) this.#sleep(due - now());
    } catch (error) {
      this.#failed(error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#releasing;
  }

  #sleep(ms: number): void {
    this.#timer = setTimeout(
      () => {
        this.#releasing = this.#release().finally(() => {
          this.#releasing = undefined;
        });
      },
      Math.min(Math.max(ms, 0), LONGEST_SLEEP_MS),
    );
  }

  async #release(): Promise<void> {
    const { store, queue, deliver, now } = this.#options;
    try {
      deliver(await store.write(() => queue.release(now())));
      setImmediate(() => this.wake());
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#options.logger.warn({ reason: (error as Error).message }, "progress waits for the queue");
    if (!this.#stopped) this.#sleep(STORAGE_RETRY_MS);
  }
}
