export type Budget = {
  /** Bytes that one holder may have at a time. */
  readonly each: number;
  /** Bytes that all may have together. */
  readonly all: number;
};

/** Keeps account of memory that is taken for others' sake, so that one holder leaves room for the rest. */
export class ByteBudget {
  readonly #budget: Budget;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Takes bytes for a holder and returns what gives them back; undefined when there are not enough left. */
  take(holder: string, bytes: number): (() => void) | undefined {
    const own = (this.#taken.get(holder) ?? 0) + bytes;
    if (own > this.#budget.each || this.#total + bytes > this.#budget.all) return undefined;
    this.#taken.set(holder, own);
    this.#total += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack(holder, bytes);
      isHeld = false;
    };
  }

  #giveBack(holder: string, bytes: number): void {
    this.#total -= bytes;
    const left = (this.#taken.get(holder) ?? 0) - bytes;
    if (left > 0) this.#taken.set(holder, left);
    else this.#taken.delete(holder);
  }
}
