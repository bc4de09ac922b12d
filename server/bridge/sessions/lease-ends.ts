import type { Logger } from "../../telemetry/logger.ts";
import type { KeptSession } from "./kept-session.ts";
import type { SessionTable } from "./session-table.ts";

export type LeaseEndsOptions = {
  readonly table: Pick<SessionTable, "endedBetween" | "nextEnd">;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  /** Its holder has not been heard of for as long as it holds it. */
  readonly onEnd: (session: KeptSession) => void;
  readonly logger: Logger;
};

/** After a look that failed. */
const RETRY_MS = 5_000;

/**
 * Notices that a holder is gone which did not say so. Ends before the bridge began are not told: whoever asks it for the first time
 * reads them.
 */
export class LeaseEnds {
  readonly #options: LeaseEndsOptions;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer looks. */
  #due = Number.POSITIVE_INFINITY;
  #toldUntil: number;

  constructor(options: LeaseEndsOptions) {
    this.#options = options;
    this.#toldUntil = options.now();
    this.#await();
  }

  /** A session is held until then, if nothing is heard of its holder. */
  held(until: number): void {
    if (until < this.#due) this.#lookAt(until);
  }

  stop(): void {
    clearTimeout(this.#timer);
    // What is still held while the bridge ends waits for nothing.
    this.#due = Number.NEGATIVE_INFINITY;
  }

  #look(): void {
    const { table, now, onEnd, logger } = this.#options;
    try {
      const at = now();
      for (const session of table.endedBetween(this.#toldUntil, at)) onEnd(session);
      this.#toldUntil = at;
      this.#await();
    } catch (error) {
      logger.debug({ err: error }, "it is not known which sessions are gone");
      this.#lookAt(now() + RETRY_MS);
    }
  }

  #await(): void {
    const next = this.#options.table.nextEnd(this.#toldUntil);
    this.#due = Number.POSITIVE_INFINITY;
    if (next !== undefined) this.#lookAt(next);
  }

  #lookAt(due: number): void {
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#look(), Math.max(1, due - this.#options.now())).unref();
  }
}
