/**
 * What is left for the end of a turn of the event loop. Answers are: each that is written as soon as it is known wakes its
 * receiver up while the server reads the next request, which costs more than the answer (docs/performance.md).
 */
export class TurnEnd {
  readonly #soon: (work: () => void) => void;
  #left: (() => void)[] = [];

  /** `soon` does the work when this turn is over. */
  constructor(soon: (work: () => void) => void = setImmediate) {
    this.#soon = soon;
  }

  /** Does the work at the end of this turn, in the order in which it was left. */
  leave(work: () => void): void {
    if (this.#left.length === 0) this.#soon(this.#finish);
    this.#left.push(work);
  }

  readonly #finish = (): void => {
    const left = this.#left;
    this.#left = [];
    for (const work of left) work();
  };
}
