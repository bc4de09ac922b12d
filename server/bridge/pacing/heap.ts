/** Keeps the least of its values at hand: a binary heap. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #values: T[] = [];

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#values.length;
  }

  get least(): T | undefined {
    return this.#values[0];
  }

  push(value: T): void {
    let place = this.#values.length;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = this.#values[above];
      if (parent === undefined || !this.#isBefore(value, parent)) break;
      this.#values[place] = parent;
      place = above;
    }
    this.#values[place] = value;
  }

  pop(): T | undefined {
    const least = this.#values[0];
    const last = this.#values.pop();
    if (last !== undefined && this.#values.length > 0) this.#sink(last);
    return least;
  }

  /** Throws all others away. */
  keep(isKept: (value: T) => boolean): void {
    for (const value of this.#values.splice(0)) if (isKept(value)) this.push(value);
  }

  /** From the top to where it belongs. */
  #sink(value: T): void {
    let place = 0;
    for (;;) {
      const [left, right] = [this.#values[2 * place + 1], this.#values[2 * place + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && this.#isBefore(right, left);
      const child = isRight ? right : left;
      if (!this.#isBefore(child, value)) break;
      this.#values[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.#values[place] = value;
  }
}
