import { setTimeout as delay } from "node:timers/promises";

export type WaitOptions = {
  /** What is waited for, to follow "timed out waiting for". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
};

/** Polls until the answer is neither false nor undefined; an error of `ask` ends the wait at once. */
export async function waitFor<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs, everyMs = 50, signal }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs / 1000} s waiting for ${what}`);
    await delay(everyMs);
  }
}

/**
 * Runs tasks in parallel. When one fails the others are told to stop, and the failure is thrown once all have ended: what
 * follows, such as cleaning up, must not run beside a task that still starts processes.
 */
export async function together<T extends readonly unknown[]>(
  ...tasks: { [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> }
): Promise<T> {
  const controller = new AbortController();
  const running = tasks.map((task) =>
    task(controller.signal).catch((error: unknown) => {
      controller.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(running);
  controller.signal.throwIfAborted();
  return (await Promise.all(running)) as unknown as T;
}
