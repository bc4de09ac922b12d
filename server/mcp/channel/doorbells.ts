import { channelTopic } from "../../../contract/relay.ts";
import type { Relay } from "../../bridge-client/relay.ts";

/** Rings when something waits for a session, or its holder is another one: what that is has to be asked for. */
export class Doorbells {
  readonly #relay: Relay;
  /** Whoever waits, by topic. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  /** Begins to hear the bridge; the returned function ends that. */
  listen(): () => void {
    return this.#relay.subscribe(
      ({ topic }) => this.#ring(topic),
      () => {
        for (const topic of [...this.#waiting.keys()]) this.#ring(topic);
      },
    );
  }

  /** A bell that counts from now on: what rings before somebody waits is not lost. */
  of(session: number): Doorbell {
    const topic = channelTopic(session);
    let rung = Promise.withResolvers<void>();
    const ring = () => rung.resolve();
    const ringing = this.#waiting.get(topic) ?? new Set();
    this.#waiting.set(topic, ringing.add(ring));
    return {
      async rung(ms, signal) {
        const over = new AbortController();
        await Promise.race([rung.promise, passed(ms, AbortSignal.any([signal, over.signal]))]);
        over.abort();
        rung = Promise.withResolvers();
      },
      remove: () => {
        ringing.delete(ring);
        if (ringing.size === 0) this.#waiting.delete(topic);
      },
    };
  }

  #ring(topic: string): void {
    for (const ring of this.#waiting.get(topic) ?? []) ring();
  }
}

export type Doorbell = {
  /** Resolves when it rings, the time has passed or the signal is aborted. */
  rung(ms: number, signal: AbortSignal): Promise<void>;
  remove(): void;
};

/** Resolves after a time, or when the signal is aborted. */
export function passed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms).unref();
    signal.addEventListener("abort", end, { once: true });
  });
}
