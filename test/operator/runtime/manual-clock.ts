import { type Clock, sleepOn, type Timer } from "../../../operator/runtime/clock.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #elapsed = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { at: this.#elapsed + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn((callback, delay) => this.setTimeout(callback, delay), ms, signal);
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Advances the time, firing due timers in order, and lets everything react that needs no more time. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#elapsed = Math.max(this.#elapsed, next.at);
      this.#timers.delete(next);
      next.callback();
      await settle();
    }
    this.#elapsed = end;
    await settle();
  }

  /** Time passes while the process is stopped, as by SIGSTOP: no timer fires. */
  pass(ms: number): void {
    this.#elapsed += ms;
  }

  #next(end: number) {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets promise chains run to where they wait for time or input. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
