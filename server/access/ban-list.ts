/** How many strikes within a window bring a ban, and how long it lasts; times in milliseconds. */
export type BanRule = { readonly strikes: number; readonly windowMs: number; readonly banMs: number };

/** A ban of somebody, from and until a time of the clock that the list is told. */
export type Entry<Who> = { readonly who: Who; readonly since: number; readonly until: number };

/**
 * Counts strikes and bans whoever has too many. `now` has to be of a clock that is never set back. Memory is bounded: of more
 * than `capacity` under suspicion those that were quiet for longest are forgotten, of more bans those that end first.
 */
export class BanList<Who> {
  readonly #rule: BanRule;
  readonly #capacity: number;
  readonly #strikes = new Map<string, readonly number[]>();
  /** All last equally long, so they end in the order in which they began, and a Map iterates in that. */
  readonly #bans = new Map<string, Entry<Who>>();
  /** No ban ends before. */
  #nextEnd = 0;

  constructor(rule: BanRule, capacity = 10_000) {
    this.#rule = rule;
    this.#capacity = capacity;
  }

  /** True: nobody is banned. False: somebody is or was. */
  get isEmpty(): boolean {
    return this.#bans.size === 0;
  }

  /** The ban under a key; undefined when there is none. */
  find(key: string, now: number): Entry<Who> | undefined {
    this.#forgetEnded(now);
    return this.#bans.get(key);
  }

  /** Counts a strike; the ban when it was one too many. A ban that lasts already is not made longer. */
  strike(key: string, who: Who, now: number): Entry<Who> | undefined {
    if (this.find(key, now) !== undefined) return undefined;
    const recent = (this.#strikes.get(key) ?? []).filter((at) => at > now - this.#rule.windowMs);
    this.#strikes.delete(key);
    if (recent.length + 1 >= this.#rule.strikes)
      return this.#ban(key, { who, since: now, until: now + this.#rule.banMs });
    this.#strikes.set(key, [...recent, now]);
    forgetFirst(this.#strikes, this.#capacity);
    return undefined;
  }

  /** Those that last, the oldest first. */
  entries(now: number): readonly Entry<Who>[] {
    this.#forgetEnded(now);
    return [...this.#bans.values()];
  }

  size(now: number): number {
    this.#forgetEnded(now);
    return this.#bans.size;
  }

  /** Ends the bans of those whom it is about, and says how many there were. */
  lift(isMeant: (who: Who) => boolean, now: number): number {
    this.#forgetEnded(now);
    const meant = [...this.#bans].filter(([, { who }]) => isMeant(who));
    for (const [key] of meant) this.#bans.delete(key);
    return meant.length;
  }

  #ban(key: string, entry: Entry<Who>): Entry<Who> {
    this.#bans.set(key, entry);
    forgetFirst(this.#bans, this.#capacity);
    return entry;
  }

  #forgetEnded(now: number): void {
    if (now < this.#nextEnd) return;
    for (const [key, { until }] of this.#bans) {
      this.#nextEnd = until;
      if (until > now) return;
      this.#bans.delete(key);
    }
  }
}

/** Some at once: a Map finds its first entry the slower, the more were deleted before it. */
function forgetFirst(map: Map<string, unknown>, capacity: number): void {
  if (map.size <= capacity) return;
  const left = capacity - Math.floor(capacity / 8);
  for (const key of map.keys()) {
    if (map.size <= left) return;
    map.delete(key);
  }
}
