/**
 * Exponential delays with jitter, for a loop that must never stop trying.
 *
 * @example
 * ```ts
 * const backoff = new Backoff({ baseMs: 800, maxMs: 30_000, random: Math.random });
 * await clock.sleep(backoff.next()); // 0.6 to 0.8 s, then 1.2 to 1.6 s, and so on
 * backoff.reset(); // after a success
 * ```
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: { readonly baseMs: number; readonly maxMs: number; readonly random: () => number }) {
    this.#baseMs = options.baseMs;
    this.#maxMs = options.maxMs;
    this.#random = options.random;
  }

  /** The delay before the next try: doubles from base to max, shortened by up to a quarter so that many do not come at once. */
  next(): number {
    const full = Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return full * (1 - this.#random() / 4);
  }

  reset(): void {
    this.#failures = 0;
  }
}
