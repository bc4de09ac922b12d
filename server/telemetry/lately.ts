const SECONDS = 60;

/** Counts what happened in the last minute, second by second. */
export class Lately {
  readonly #now: () => number;
  readonly #counts = new Uint32Array(SECONDS);
  #second: number;

  /** `now`: milliseconds of a clock that is never set back. */
  constructor(now: () => number) {
    this.#now = now;
    this.#second = Math.floor(now() / 1000);
  }

  count(): void {
    const second = this.#forget();
    this.#counts[second % SECONDS] = (this.#counts[second % SECONDS] ?? 0) + 1;
  }

  /** On average of the last minute, that second included. */
  perSecond(): number {
    this.#forget();
    return this.#counts.reduce((sum, count) => sum + count, 0) / SECONDS;
  }

  /** What is older than a minute counts no more; returns the second that it is. */
  #forget(): number {
    const second = Math.floor(this.#now() / 1000);
    const first = Math.max(this.#second + 1, second - SECONDS + 1);
    for (let each = first; each <= second; each += 1) this.#counts[each % SECONDS] = 0;
    this.#second = Math.max(this.#second, second);
    return second;
  }
}
