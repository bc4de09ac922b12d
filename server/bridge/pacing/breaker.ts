import type { FailureCause } from "../telegram/outcome.ts";

/** Pause after the breaker opens, doubling with each probe that fails, in milliseconds. */
const pause = { first: 1_000, last: 60_000 } as const;

/** How many requests may be begun: as many as the pacer lets, one that finds out, or none until a time. */
export type Gate = "open" | "one" | { readonly until: number };

type Circuit = { failures: number; until: number; pauseMs: number };

/**
 * Stops sending when requests fail in a row, each kind of failure by itself: then one message after a pause finds out whether
 * it is over. Pure: times come in as milliseconds of one steady clock.
 */
export class Breaker {
  readonly #threshold: number;
  readonly #onTrip: (cause: FailureCause) => void;
  readonly #circuits = new Map<FailureCause, Circuit>();

  /** `threshold`: failures of a kind in a row with which it stops. `onTrip` is told when it does. */
  constructor(threshold: number, onTrip: (cause: FailureCause) => void = () => {}) {
    this.#threshold = threshold;
    this.#onTrip = onTrip;
  }

  gate(now: number): Gate {
    const tripped = [...this.#circuits.values()].filter(({ failures }) => failures >= this.#threshold);
    if (tripped.length === 0) return "open";
    const until = Math.max(...tripped.map(({ until }) => until));
    return until <= now ? "one" : { until };
  }

  /** Telegram took a message, or refused one in its own words: nothing of that kind is wrong any more. */
  answered(): void {
    this.#circuits.clear();
  }

  failed(cause: FailureCause, now: number): void {
    const circuit = this.#circuits.get(cause) ?? { failures: 0, until: 0, pauseMs: pause.first };
    this.#circuits.set(cause, circuit);
    circuit.failures += 1;
    if (circuit.failures < this.#threshold) return;
    // Those that were under way when it stopped say nothing new.
    if (circuit.failures > this.#threshold && now < circuit.until) return;
    if (circuit.failures === this.#threshold) this.#onTrip(cause);
    circuit.until = now + circuit.pauseMs;
    circuit.pauseMs = Math.min(circuit.pauseMs * 2, pause.last);
  }

  /** 0: it sends, 1: it finds out, 2: it waits. */
  state(now: number): 0 | 1 | 2 {
    const gate = this.gate(now);
    if (gate === "open") return 0;
    return gate === "one" ? 1 : 2;
  }
}
