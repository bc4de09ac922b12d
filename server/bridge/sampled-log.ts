import type { Logger } from "../telemetry/logger.ts";

/** Lines of one kind in a window; what is beyond is counted in the next line. */
const LINES = 10;
const WINDOW_MS = 60_000;

/** Warnings that a stranger can cause: a few a minute are written, so that nobody floods the log. */
export class SampledLog {
  readonly #logger: Pick<Logger, "warn">;
  readonly #now: () => number;
  #windowStart = Number.NEGATIVE_INFINITY;
  #written = 0;
  #suppressed = 0;

  /** `now` in milliseconds. */
  constructor(logger: Pick<Logger, "warn">, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  warn(details: Readonly<Record<string, unknown>>, message: string): void {
    const now = this.#now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#written = 0;
    }
    if (this.#written >= LINES) {
      this.#suppressed += 1;
      return;
    }
    this.#written += 1;
    this.#logger.warn({ ...details, suppressed: this.#suppressed }, message);
    this.#suppressed = 0;
  }
}
