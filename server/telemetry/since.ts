/** Since when something is as it is: whoever looks at it tells here, so it is the first look that saw it so. */
export class Since {
  #state: unknown;
  #at: number | undefined;

  /** The time, RFC 3339, since which the state is the one that is seen now. Milliseconds since the epoch. */
  of(state: unknown, now: number): string {
    if (this.#at === undefined || state !== this.#state) this.#at = now;
    this.#state = state;
    return new Date(this.#at).toISOString();
  }
}
