import { setTimeout as delay } from "node:timers/promises";

export type WaitOptions = {
  /** What is waited for, as it reads after "timed out waiting for". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
};

/** Asks until the answer is neither false nor undefined; a throw from `ask` ends the wait at once. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs, everyMs = 50 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs / 1000} s waiting for ${what}`);
    await delay(everyMs);
  }
}
