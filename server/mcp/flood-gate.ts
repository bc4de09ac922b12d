/** Notifications that one request may send in a second: more than anybody can read. */
const mostInSecond = 50;

const secondMs = 1_000;

/** Lets a handler that tells without end not flood its client (MCP, Progress and Logging). */
export class FloodGate {
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether one more may be sent; one that may not is left out. */
  admits(): boolean {
    const now = this.#now();
    if (now - this.#since >= secondMs) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= mostInSecond;
  }
}
