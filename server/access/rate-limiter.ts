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
  /** With this one, those of the window; while they are refused, also what was refused since. */
  readonly requests: number;
  /** Unix time in milliseconds at which requests are possible again, or the window ends. */
  readonly resetAt: number;
};

// A window is counted in parts. One more than the window has are summed up, so that the window's oldest part, of which
// some has passed already, counts fully: no window of that length, wherever it begins, sees more than the limit.
const parts = 10;

type Account = { readonly counts: Uint32Array; part: number; blockedUntil: number; asked: number };

/**
 * Counts requests of keys in a sliding window. Memory is bounded: beyond `capacity` keys the one unused for longest is
 * forgotten.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #capacity: number;
  readonly #partMs: number;
  readonly #accounts = new Map<string, Account>();

  constructor(limit: RateLimit, capacity = 10_000) {
    this.#limit = limit;
    this.#capacity = capacity;
    // Whole milliseconds: times of fractions, multiplied and divided again, fall into the part before.
    this.#partMs = Math.ceil(limit.windowMs / parts);
  }

  /** Counts a request of a key at a time (Unix milliseconds), or one that costs as much as several, unless it is over the limit. */
  take(key: string, now: number, cost = 1): Decision {
    const limit = this.#limit.requests;
    const account = this.#accountOf(key, now);
    const used = sum(account.counts);
    if (now >= account.blockedUntil && used + cost > limit) {
      account.blockedUntil = Math.max(now + this.#limit.blockMs, this.#freeAt(account));
      account.asked = used;
    }
    if (now < account.blockedUntil) {
      account.asked += cost;
      return { allowed: false, limit, remaining: 0, requests: account.asked, resetAt: account.blockedUntil };
    }
    const at = account.part % account.counts.length;
    account.counts[at] = (account.counts[at] ?? 0) + cost;
    const requests = used + cost;
    return {
      allowed: true,
      limit,
      remaining: limit - requests,
      requests,
      resetAt: (account.part + parts + 1) * this.#partMs,
    };
  }

  /** What a key has used of its window at a time. */
  used(key: string, now: number): number {
    const account = this.#accounts.get(key);
    if (account === undefined) return 0;
    advance(account, Math.floor(now / this.#partMs));
    return sum(account.counts);
  }

  #accountOf(key: string, now: number): Account {
    const part = Math.floor(now / this.#partMs);
    const account = this.#accounts.get(key) ?? { counts: new Uint32Array(parts + 1), part, blockedUntil: 0, asked: 0 };
    advance(account, part);
    // A Map iterates in order of insertion: deleting and setting a key keeps the keys in order of use.
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

  /** When the oldest part that holds requests leaves the window. */
  #freeAt({ counts, part }: Account): number {
    let oldest = Math.max(0, part - parts);
    while (oldest < part && counts[oldest % counts.length] === 0) oldest += 1;
    return (oldest + parts + 1) * this.#partMs;
  }
}

/** Rules that are kept at most: keys that were read again and again with other limits leave some behind. */
const mostRules = 10_000;

/** Rate limiters by what they count and by their rule: keys of one rule are counted by one. */
export class RateLimiters {
  readonly #limiters = new Map<string, RateLimiter>();

  under(name: string, rule: RateLimit): RateLimiter {
    const key = `${name} ${rule.requests} ${rule.windowMs} ${rule.blockMs}`;
    const known = this.#limiters.get(key) ?? new RateLimiter(rule);
    if (!this.#limiters.has(key) && this.#limiters.size >= mostRules) this.#limiters.clear();
    this.#limiters.set(key, known);
    return known;
  }
}

/** Empties the parts that have passed. A clock that was set back changes nothing. */
function advance(account: Account, part: number): void {
  const { length } = account.counts;
  for (let passed = Math.max(account.part + 1, part - length + 1); passed <= part; passed++) {
    account.counts[passed % length] = 0;
  }
  account.part = Math.max(account.part, part);
}

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
