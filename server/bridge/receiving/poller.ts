import { FIRST_POLL, type PollResult, type PollState, planAfter } from "./poll-plan.ts";

export type PollerOptions = {
  /** Asks once, takes what comes and says how it went. Never rejects; an aborted one ends soon. */
  readonly poll: (signal: AbortSignal) => Promise<PollResult>;
  /** Told of every result. */
  readonly onResult: (result: PollResult) => void;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Rest after an answer, in milliseconds. */
  readonly restMs: number;
};

/** Longest delay of a JavaScript timer is 2^31-1 ms; asking once too often in an hour costs nothing. */
const LONGEST_PAUSE_MS = 3_600_000;

/** Asks again and again, one request at a time, as the plan says. Nothing that Telegram answers ends it. */
export class Poller {
  readonly #options: PollerOptions;
  #abort = new AbortController();
  #state: PollState = FIRST_POLL;
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake = () => {};

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Telegram answers again: what failed for want of a connection need not wait any longer. */
  hurry(): void {
    if (this.#state.failures > 0) this.#wake();
  }

  /** Asks now, with a new request: the token changed. */
  restart(): void {
    this.#state = FIRST_POLL;
    this.#abort.abort();
    this.#wake();
  }

  /** Resolves when the request under way has ended, and what it brought is taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#abort = new AbortController();
      const { signal } = this.#abort;
      const result = await this.#options.poll(signal);
      // What an aborted request says is about the abort.
      if (signal.aborted && result.kind !== "answered") continue;
      const { onResult, now, random, restMs } = this.#options;
      onResult(result);
      const { state, delayMs } = planAfter(result, this.#state, { now: now(), random, restMs });
      this.#state = state;
      if (delayMs > 0 && !signal.aborted) await this.#pause(delayMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, LONGEST_PAUSE_MS));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
