import type { Clock, Timer } from "./clock.ts";

/**
 * Aborts its signal when nothing was received for a while, or with the outer signal.
 *
 * @example
 * ```ts
 * const guard = new SilenceGuard(clock, 90_000, signal);
 * for await (const event of client.watch(path, {}, guard.signal)) {
 *   guard.heard();
 *   logger.debug(event, "seen");
 * }
 * guard.end();
 * ```
 */
export class SilenceGuard {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #limitMs: number;
  #heardAt: number;
  #timer: Timer;
  #tripped = false;

  constructor(clock: Clock, limitMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#outer = outer;
    this.#heardAt = clock.monotonic();
    this.#timer = clock.setTimeout(this.#look, limitMs);
    outer.addEventListener("abort", this.#abort, { once: true });
    if (outer.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when the silence, not the outer signal, caused the abort. */
  get tripped(): boolean {
    return this.#tripped;
  }

  /** Only stores the time: events come by the thousand, and a timer for each would cost more than the events. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  end(): void {
    this.#timer.cancel();
    this.#outer.removeEventListener("abort", this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort(this.#outer.reason);

  readonly #look = (): void => {
    const left = this.#heardAt + this.#limitMs - this.#clock.monotonic();
    if (left > 0) {
      this.#timer = this.#clock.setTimeout(this.#look, left);
      return;
    }
    this.#tripped = true;
    this.#controller.abort();
  };
}
