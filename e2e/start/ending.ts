import { setTimeout as delay } from "node:timers/promises";
import { endCommands } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";
import { onStopped } from "../../machine/stopped.ts";

/** What long work gets so that it can be stopped at any moment. */
export type Stage = {
  /** Aborts on Ctrl-C, on SIGTERM, and when the parent process has been killed. */
  readonly signal: AbortSignal;
  /** Registers an undo step to run when the program ends, however that is; the last one runs first. */
  readonly onEnd: (undo: () => Promise<unknown>) => void;
  /** Resolves when the signal aborts. */
  readonly untilStopped: () => Promise<void>;
};

/** How long work may take to notice that it has been stopped. */
const SETTLE_MS = 5_000;

/**
 * Runs the work until it ends or is told to stop; stops every running command, runs the undo steps, and returns the exit
 * code: 0, also after Ctrl-C, or 1 when the work or an undo step failed.
 */
export async function runUntilStopped(
  work: (stage: Stage) => Promise<void>,
  steps: Progress = progress,
): Promise<number> {
  const abort = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    abort.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  onStopped(() => abort.abort());
  // Signal handlers alone would not keep the process alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  const undos: (() => Promise<unknown>)[] = [];
  const stage = { signal: abort.signal, onEnd: undos.unshift.bind(undos), untilStopped: () => stopped };

  const outcome = { settled: false, failure: undefined as Error | undefined };
  const running = work(stage)
    .catch((error: Error) => {
      // Failures of work that is being stopped are not reported.
      if (!abort.signal.aborted) outcome.failure = error;
    })
    .finally(() => {
      outcome.settled = true;
    });
  await Promise.race([running, stopped]);
  if (outcome.failure) console.error(`\n${outcome.failure.message}`);
  steps.stopping();
  await endAll(outcome, steps);
  const undone = await undoAll(undos);
  clearInterval(alive);
  return outcome.failure || !undone ? 1 : 0;
}

/** Stops commands until the work has noticed: after a failure the work may start another command before it ends. */
async function endAll(outcome: { readonly settled: boolean }, steps: Progress): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  do {
    await endCommands((names) => steps.note(`${names} comes to an end of what it has begun; it must not be cut short`));
    await delay(20);
  } while (!outcome.settled && performance.now() < deadline);
}

async function undoAll(undos: readonly (() => Promise<unknown>)[]): Promise<boolean> {
  let whole = true;
  for (const undo of undos) {
    await undo().catch((error: Error) => {
      whole = false;
      console.error(error.message);
    });
  }
  return whole;
}
