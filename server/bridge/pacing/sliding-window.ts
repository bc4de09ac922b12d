/**
 * At most `limit` requests within any `spanMs`, wherever the span begins.
 *
 * Telegram counts a request somewhere between its start and its answer. So a request occupies its place from its start
 * until `spanMs` after its end: however long the way, no span at Telegram's side holds more than `limit`. Token buckets
 * and windows counted from the start do not hold that (a slow request followed by a fast one arrives too close).
 */
export class SlidingWindow {
  readonly #limit: number;
  readonly #spanMs: number;
  #ends: number[] = [];
  #open = 0;

  constructor(limit: number, spanMs: number) {
    this.#limit = limit;
    this.#spanMs = spanMs;
  }

  /**
   * From when on the next request may start: -Infinity when there is a place, Infinity while only the end of a running one can tell.
   * It leaves `spare` places to others.
   */
  availableAt(spare = 0): number {
    const limit = this.#limit - spare;
    if (this.#open + this.#ends.length < limit) return Number.NEGATIVE_INFINITY;
    const place = this.#ends[this.#ends.length + this.#open - limit];
    return place === undefined ? Number.POSITIVE_INFINITY : place + this.#spanMs;
  }

  start(): void {
    this.#open += 1;
  }

  end(at: number): void {
    this.#open -= 1;
    this.record(at);
  }

  /** A request that did not leave. */
  cancel(): void {
    this.#open -= 1;
  }

  /** A request of an earlier process. */
  record(at: number): void {
    this.#forget(at);
    this.#ends.push(at);
    this.#ends.sort((a, b) => a - b);
  }

  /** What was sent within another one counts here, too. */
  take(other: SlidingWindow): void {
    this.#ends = [...this.#ends, ...other.#ends].sort((a, b) => a - b);
  }

  /** True when it restricts nothing any more and may be thrown away. */
  isEmpty(now: number): boolean {
    this.#forget(now);
    return this.#open === 0 && this.#ends.length === 0;
  }

  /** Places that are taken now. */
  used(now: number): number {
    this.#forget(now);
    return this.#open + this.#ends.length;
  }

  #forget(now: number): void {
    const live = this.#ends.findIndex((end) => end + this.#spanMs > now);
    if (live !== 0) this.#ends = live === -1 ? [] : this.#ends.slice(live);
  }
}
