import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../telemetry/logger.ts";
import type { SettledEvent } from "../queue/event.ts";
import type { OutgoingMessage, Settlement } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";

export type RecorderOptions = {
  readonly queue: Pick<Queue, "settle">;
  readonly logger: Logger;
  /** Told of every event whose last message was sent or refused. */
  readonly onSettled: (event: SettledEvent) => void;
  /** Told how each request ended, in the turn in which that is written down. */
  readonly onOutcome: (message: OutgoingMessage, settlement: Settlement) => void;
  /** A message that shows how far a task is has ended: the next one may follow. */
  readonly onProgress: () => void;
};

export const STORAGE_RETRY_MS = 1_000;

/** Writes down how requests ended, and tells whom it concerns. */
export class Recorder {
  readonly #options: RecorderOptions;
  #stopped = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  async record(message: OutgoingMessage, settlement: Settlement): Promise<void> {
    this.#options.onOutcome(message, settlement);
    const event = await this.untilStored(() => this.#options.queue.settle(message.id, settlement));
    if (event !== undefined) this.#options.onSettled(event);
    if (message.isProgress) this.#options.onProgress();
  }

  /** What happened waits in memory for a full disk to have space; the chat's next message waits with it. */
  async untilStored<T>(write: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        this.#options.logger.error({ reason: (error as Error).message }, "an outcome cannot be recorded yet");
        if (this.#stopped) return undefined;
        await sleep(STORAGE_RETRY_MS);
      }
    }
  }

  /** From now on what cannot be written is left. */
  stop(): void {
    this.#stopped = true;
  }
}
