/**
 * Milliseconds since the epoch that advance steadily: the wall clock at the time of the call, then the steady clock.
 * Times of the queue come from it, so that a corrected system time neither holds messages back nor releases a burst.
 */
export function anchoredClock(wall: () => number, steady: () => number): () => number {
  const offset = wall() - steady();
  return () => Math.round(offset + steady());
}
