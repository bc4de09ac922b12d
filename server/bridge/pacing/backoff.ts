const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** Delay before the next try: 1 s, doubling to 60 s, up to a quarter less so that retries do not march in step. */
export function backoffMs(attempts: number, random: () => number): number {
  const delay = Math.min(FIRST_MS * 2 ** Math.min(attempts, 10), LONGEST_MS);
  return Math.round(delay * (1 - random() / 4));
}
