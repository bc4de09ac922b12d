/** Milliseconds between two looks. */
const lookEveryMs = 50;
/** Milliseconds for which a long turn is remembered, and at most as long again. */
const windowMs = 500;

/** How long the event loop was held up of late, in milliseconds: the longest turn, the one that is under way included. */
export class LongestTurn {
  #lookedAt: number;
  #windowAt: number;
  #before = 0;
  #current = 0;

  /** Times are of a clock that never goes backwards. */
  constructor(now: number) {
    this.#lookedAt = now;
    this.#windowAt = now;
  }

  /** In each turn in which the time for it has come. */
  look(now: number): void {
    this.#current = Math.max(this.#current, this.#late(now));
    this.#lookedAt = now;
    if (now - this.#windowAt < windowMs) return;
    this.#before = this.#current;
    this.#current = 0;
    this.#windowAt = now;
  }

  at(now: number): number {
    return Math.max(this.#before, this.#current, this.#late(now));
  }

  #late(now: number): number {
    return Math.max(0, now - this.#lookedAt - lookEveryMs);
  }
}

export type WatchedLoop = {
  /** How long it was held up of late, in milliseconds. */
  heldUpMs(): number;
  stop(): void;
};

/** Watches the event loop of this process. */
export function watchLoop(): WatchedLoop {
  const turn = new LongestTurn(performance.now());
  const timer = setInterval(() => turn.look(performance.now()), lookEveryMs).unref();
  return { heldUpMs: () => turn.at(performance.now()), stop: () => clearInterval(timer) };
}
