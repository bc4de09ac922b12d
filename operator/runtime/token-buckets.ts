import type { Clock } from "./clock.ts";

type Bucket = { tokens: number; at: number };

/**
 * A token bucket for each key: `burst` at once, then one every `refillMs`.
 *
 * @example
 * ```ts
 * const limits = new TokenBuckets({ burst: 10, refillMs: 1_000, clock });
 * if (!limits.take("203.0.113.7")) logger.warn({}, "too many requests");
 * ```
 */
export class TokenBuckets {
  readonly #burst: number;
  readonly #refillMs: number;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: {
    readonly burst: number;
    readonly refillMs: number;
    readonly clock: Clock;
    /** Number of keys that are remembered; the least recently used one is dropped first. Default 4096. */
    readonly most?: number;
  }) {
    this.#burst = options.burst;
    this.#refillMs = options.refillMs;
    this.#clock = options.clock;
    this.#most = options.most ?? 4096;
  }

  /** Takes a token; false when there is none. */
  take(key: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) / this.#refillMs);
    bucket.at = now;
    // Deleted and set again, the key becomes the newest of the map.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#most) this.#dropOldest();
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #dropOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
