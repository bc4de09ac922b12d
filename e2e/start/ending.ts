import { setTimeout as delay } from "node:timers/promises";
import { endCommands } from "../../machine/command.mjs";
import { type Progress, progress } from "../../machine/progress.mjs";
import { onStopped } from "../../machine/stopped.ts";

/** What long work is given so that it can be ended at any moment. */
export type Stage = {
  /** Aborts on Ctrl-C, on SIGTERM, and when whoever started this program has gone without a word. */
  readonly signal: AbortSignal;
  /** Registers what has to be undone when the program ends, however that is; the last one is undone first. */
  readonly onEnd: (undo: () => Promise<unknown>) => void;
  /** Resolves when the signal aborts. */
  readonly untilStopped: () => Promise<void>;
};

/** How long work may take to notice that what it waits for has been ended. */
const SETTLE_MS = 5_000;

/**
 * Runs the work until it ends or is told to; ends every command that runs, undoes what was registered, and returns the exit
 * code: 0, also after Ctrl-C, or 1 when the work or the undoing failed.
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
      // What fails because it is being ended tells nobody anything.
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

/** Ends commands until the work has noticed: what fails may be followed by another command before it ends. */
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
