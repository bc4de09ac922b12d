/** The two clocks of a process. Timers and pacing need one that never jumps, signatures the one that others share. */
export type Clock = {
  /** Wall clock, milliseconds since the epoch (`Date.now`). */
  readonly now: () => number;
  /** Milliseconds since any fixed point, never going backwards (`performance.now`). */
  readonly steady: () => number;
};

/**
 * Milliseconds since the epoch that advance steadily: the wall clock at the time of the call, then the steady clock.
 * Times of the queue come from it, so that a corrected system time neither holds messages back nor releases a burst.
 */
export function anchoredClock(clock: Clock): () => number {
  const offset = clock.now() - clock.steady();
  return () => Math.round(offset + clock.steady());
}
