import type { Context } from "./context.ts";
import { problems } from "./problems.ts";

export type Look<T> = { readonly done: T } | { readonly state: string } | { readonly failed: Error };

export type Wait<T> = {
  /** Such as "Backup team-1". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  look(): Promise<Look<T>>;
  /** The line with which it ends. */
  end(result: T): string;
};

/** Looks again and again, and shows what it sees, until it is done, has failed, or took too long. */
export async function waitFor<T>({ terminal, now, sleep }: Context, wait: Wait<T>): Promise<T> {
  const progress = terminal.progress(wait.what);
  const deadline = now() + wait.timeoutMs;
  let state = "nothing yet";
  try {
    for (;;) {
      const seen = await wait.look();
      if ("failed" in seen) throw seen.failed;
      if ("done" in seen) {
        progress.done(wait.end(seen.done));
        return seen.done;
      }
      state = seen.state;
      progress.state(state);
      if (now() >= deadline) throw problems.timedOut(wait.what, state);
      await sleep(wait.everyMs ?? 1_000);
    }
  } catch (error) {
    progress.failed(`${wait.what}: not done`);
    throw error;
  }
}
