import { type Decision, RateLimiter } from "./rate-limiter.ts";

/** Clients that are remembered at most. */
const mostClients = 10_000;

/** A request of a client; promised are those of a key with a limit of its own. */
export type SharedRequest = { readonly id: string; readonly cost: number; readonly isPromised: boolean };

/**
 * A limit of all clients together that no client can use up for another: once it is reached, each is still let through up to
 * an equal share of it, counted by those that called in the window.
 */
export class SharedLimit {
  readonly #limit: { readonly requests: number; readonly windowMs: number };
  readonly #total: RateLimiter;
  readonly #own: RateLimiter;
  /** When each client called last. */
  #seen = new Map<string, number>();
  #forgetAt = 0;

  constructor(limit: { readonly requests: number; readonly windowMs: number }) {
    this.#limit = limit;
    this.#total = new RateLimiter({ ...limit, blockMs: 0 }, 1);
    this.#own = new RateLimiter(
      { requests: Number.POSITIVE_INFINITY, windowMs: limit.windowMs, blockMs: 0 },
      mostClients,
    );
  }

  /** Counts a request at a time (Unix milliseconds), unless it is over the limit and over the client's share. */
  take({ id, cost, isPromised }: SharedRequest, now: number): Decision {
    const share = Math.floor(this.#limit.requests / this.#active(id, now));
    const total = this.#total.take("", now, cost);
    const left = share - this.#own.used(id, now) - cost;
    const allowed = total.allowed || isPromised || left >= 0;
    if (allowed) this.#own.take(id, now, cost);
    return { ...total, allowed, remaining: allowed ? Math.max(0, total.remaining, left) : 0 };
  }

  /** How many clients called in the window, this one included; of those that left some may still count for a tenth of it. */
  #active(id: string, now: number): number {
    this.#seen.set(id, now);
    // Not at every request: what stands first in a Map is found slowly after many deletions.
    if (now >= this.#forgetAt || this.#seen.size > 2 * mostClients) this.#forget(now);
    return Math.max(1, this.#seen.size);
  }

  #forget(now: number): void {
    const { windowMs } = this.#limit;
    this.#forgetAt = now + windowMs / 10;
    const recent = [...this.#seen].filter(([, at]) => at > now - windowMs);
    this.#seen = new Map(recent.slice(-mostClients));
  }
}
