export type SamplerOptions = {
  /** Lines of one kind and address in a window. */
  readonly lines: number;
  readonly windowMs: number;
  /** Kinds and addresses that are told apart in a window; what comes beyond them is summed up as one. */
  readonly capacity: number;
};

export type Suppressed<Kind extends string = string> = {
  readonly kind: Kind;
  readonly address: string;
  readonly count: number;
};

type Account<Kind extends string> = {
  readonly kind: Kind;
  readonly address: string;
  lines: number;
  suppressed: number;
};

const others = "others";

/**
 * Decides which of many like lines are logged, so that nobody can fill a log by being refused. What was left out is told
 * as a number at the end of each window.
 */
export class LogSampler<Kind extends string = string> {
  readonly #options: SamplerOptions;
  readonly #onSuppressed: (suppressed: Suppressed<Kind>) => void;
  #accounts = new Map<string, Account<Kind>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SamplerOptions, onSuppressed: (suppressed: Suppressed<Kind>) => void) {
    this.#options = options;
    this.#onSuppressed = onSuppressed;
  }

  /** Whether this line is to be logged. */
  admit(kind: Kind, address: string): boolean {
    this.#timer ??= setTimeout(() => this.flush(), this.#options.windowMs).unref();
    const account = this.#accountOf(kind, address);
    if (account.lines < this.#options.lines) {
      account.lines += 1;
      return true;
    }
    account.suppressed += 1;
    return false;
  }

  /** Ends the window: tells what was left out, and begins the next. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const accounts = [...this.#accounts.values()];
    this.#accounts = new Map();
    for (const { kind, address, suppressed: count } of accounts) {
      if (count > 0) this.#onSuppressed({ kind, address, count });
    }
  }

  #accountOf(kind: Kind, address: string): Account<Kind> {
    const key = `${kind} ${address}`;
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    if (this.#accounts.size >= this.#options.capacity && address !== others) return this.#accountOf(kind, others);
    const account = { kind, address, lines: 0, suppressed: 0 };
    this.#accounts.set(key, account);
    return account;
  }
}
