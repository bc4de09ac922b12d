/** Time as an argument. Tests drive it by hand; `createClock` in main makes the real one. */
export type Clock = {
  /** Wall-clock milliseconds since the epoch: for timestamps that people read. */
  now(): number;
  /** Milliseconds that never jump: for durations, deadlines and leases. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  setTimeout(callback: () => void, ms: number): Timer;
};

export type Timer = { cancel(): void };

/** The largest delay that Node takes; a larger one would fire at once. */
const longestTimeoutMs = 2_147_483_647;

/**
 * A clock on the timers of Node: `createClock({ now: Date.now, monotonic: () => performance.now() })`.
 *
 * @example
 * ```ts
 * const clock = createClock({ now: Date.now, monotonic: () => performance.now() });
 * await clock.sleep(1_000, signal);
 * ```
 */
export function createClock(time: { now: () => number; monotonic: () => number }): Clock {
  const startTimer = (callback: () => void, ms: number): Timer => {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimeoutMs));
    return { cancel: () => clearTimeout(timer) };
  };
  return { ...time, setTimeout: startTimer, sleep: (ms, signal) => sleepOn(startTimer, ms, signal) };
}

/**
 * Makes `sleep` of a clock's `setTimeout`.
 *
 * @example
 * ```ts
 * await sleepOn(clock.setTimeout, 1_000, signal);
 * ```
 */
export function sleepOn(startTimer: Clock["setTimeout"], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      timer.cancel();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = startTimer(wake, ms);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
