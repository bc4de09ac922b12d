import { setTimeout as sleep } from "node:timers/promises";
import { type Followed, type FollowRequest, longestPollMs, type RelayMessage } from "../../contract/relay.ts";

export type FollowerOptions = {
  readonly follow: (request: FollowRequest, signal: AbortSignal) => Promise<Followed>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onMessage: (message: RelayMessage) => void;
  readonly onMissed: () => void;
};

const backoffMs = { first: 100, last: 5_000 } as const;

/** Follows the relay from now on, poll after poll, until it is stopped; a bridge that is away is waited for. */
export class Follower {
  /** Resolves when the place to follow from is known, or the first try failed: `onMissed` then tells of the gap. */
  readonly started: Promise<void>;
  readonly #options: FollowerOptions;
  readonly #stop = new AbortController();
  #next: Pick<FollowRequest, "after" | "epoch"> = { after: "now" };
  #failures = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.started = this.#poll();
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    await this.started;
    while (!this.#stop.signal.aborted) {
      if (this.#failures > 0) await this.#pause();
      await this.#poll();
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    const isFirst = this.#next.epoch === undefined;
    try {
      const page = await this.#options.follow({ ...this.#next, wait_ms: isFirst ? 0 : longestPollMs }, signal);
      if (signal.aborted) return;
      this.#take(page, isFirst && this.#failures > 0);
    } catch {
      this.#failures += 1;
      // The others may have begun to talk while this one waited for the bridge: it hears all that is still held.
      if (isFirst) this.#next = { after: 0 };
    }
  }

  #take({ messages, position, missed, epoch }: Followed, late: boolean): void {
    this.#failures = 0;
    this.#next = { after: position, epoch };
    if (missed || late) this.#options.onMissed();
    for (const message of messages) if (!this.#stop.signal.aborted) this.#options.onMessage(message);
  }

  /** Longer after each failure, and by chance, so that the servers of a bridge that restarts do not come together. */
  async #pause(): Promise<void> {
    const longest = Math.min(backoffMs.first * 2 ** Math.min(this.#failures, 10), backoffMs.last);
    const ms = longest * (0.5 + this.#options.random() / 2);
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}
