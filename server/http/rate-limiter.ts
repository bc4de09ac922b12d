export type RateLimit = {
  readonly requests: number;
  readonly windowMs: number;
  /** How long a key over the limit is refused, in milliseconds. */
  readonly blockMs: number;
};

export type Decision = {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Unix time in milliseconds at which requests are possible again, or the window ends. */
  readonly resetAt: number;
};

type Account = { windowStart: number; previous: number; current: number; blockedUntil: number };

/**
 * Counts requests of keys in a sliding window: the previous window counts in proportion to how much of it still lies
 * in the last `windowMs`, so that no two neighbouring windows together let twice the limit through. Memory is bounded:
 * beyond `capacity` keys the one unused for longest is forgotten.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #capacity: number;
  readonly #accounts = new Map<string, Account>();

  constructor(limit: RateLimit, capacity = 10_000) {
    this.#limit = limit;
    this.#capacity = capacity;
  }

  /** Counts a request of a key at a time, unless it is over the limit. */
  take(key: string, now: number): Decision {
    const { requests, windowMs, blockMs } = this.#limit;
    const account = this.#accountOf(key, now);
    if (now < account.blockedUntil) return this.#refuse(account.blockedUntil);
    const used = weighed(account, now, windowMs);
    if (used + 1 > requests) {
      account.blockedUntil = now + blockMs;
      return this.#refuse(Math.max(account.blockedUntil, account.windowStart + windowMs));
    }
    account.current += 1;
    const remaining = Math.max(0, Math.floor(requests - used - 1));
    return { allowed: true, limit: requests, remaining, resetAt: account.windowStart + windowMs };
  }

  #refuse(resetAt: number): Decision {
    return { allowed: false, limit: this.#limit.requests, remaining: 0, resetAt };
  }

  #accountOf(key: string, now: number): Account {
    const known = this.#accounts.get(key);
    const account = known ?? { windowStart: now, previous: 0, current: 0, blockedUntil: 0 };
    roll(account, now, this.#limit.windowMs);
    // A Map iterates in order of insertion: putting the key in anew keeps the order that of use.
    this.#accounts.delete(key);
    this.#accounts.set(key, account);
    if (this.#accounts.size > this.#capacity) this.#forgetOldest();
    return account;
  }

  #forgetOldest(): void {
    for (const key of this.#accounts.keys()) {
      this.#accounts.delete(key);
      return;
    }
  }
}

function roll(account: Account, now: number, windowMs: number): void {
  const passed = Math.floor((now - account.windowStart) / windowMs);
  if (passed < 1) return;
  account.previous = passed === 1 ? account.current : 0;
  account.current = 0;
  account.windowStart += passed * windowMs;
}

function weighed({ windowStart, previous, current }: Account, now: number, windowMs: number): number {
  // A clock that was set back must not weigh the previous window more than fully.
  const share = Math.min(1, Math.max(0, 1 - (now - windowStart) / windowMs));
  return previous * share + current;
}
