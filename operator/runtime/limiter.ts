import { Fifo } from "./fifo.ts";

/**
 * Lets so many pieces of work run at a time; the others wait in order.
 *
 * @example
 * ```ts
 * const limiter = new Limiter(4);
 * const pods = await limiter.run(() => client.list(path));
 * ```
 */
export class Limiter {
  readonly #waiting = new Fifo<() => void>();
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
