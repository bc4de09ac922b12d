import type { Logger } from "../../telemetry/logger.ts";
import type { Queue } from "./queue.ts";

const EVERY_MS = 60_000;
/** Events whose messages are sent stay so long, so that a repeated one is recognised. */
const SENT_KEPT_MS = 24 * 3_600_000;
/** Refused messages stay for a person to look at. */
const FAILED_KEPT_MS = 7 * 24 * 3_600_000;
/** Whoever answers a message later than that is heard, but the answer reaches no event. */
const ANSWERABLE_MS = 30 * 24 * 3_600_000;
/** The longest window of Telegram's limits, with some room. */
const SENDS_KEPT_MS = 120_000;

export type UpkeepOptions = {
  readonly queue: Queue;
  /** What is deleted by limits of its own; true when there may be more. */
  readonly others: readonly { prune(): Promise<boolean> }[];
  readonly now: () => number;
  readonly logger: Logger;
};

/** Deletes what is past its retention, once a minute in small transactions. Returns a function that stops it. */
export function startUpkeep({ queue, others, now, logger }: UpkeepOptions): () => void {
  const pass = async () => {
    const time = now();
    const limits = {
      sentBefore: time - SENT_KEPT_MS,
      failedBefore: time - FAILED_KEPT_MS,
      sendsBefore: time - SENDS_KEPT_MS,
      answerableBefore: time - ANSWERABLE_MS,
    };
    while (await queue.prune(limits)) await new Promise(setImmediate);
    for (const other of others) while (await other.prune()) await new Promise(setImmediate);
  };
  const timer = setInterval(() => {
    pass().catch((error: Error) => logger.warn({ reason: error.message }, "old messages cannot be deleted now"));
  }, EVERY_MS);
  return () => clearInterval(timer);
}
