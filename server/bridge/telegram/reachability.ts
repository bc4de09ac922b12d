import type { TelegramStatus } from "../../../contract/bridge-status.ts";
import type { CheckResult } from "./telegram-client.ts";

const IDLE_CHECK_MS = 30_000;
const RETRY_MS = { first: 1_000, last: 10_000 } as const;
const UNAUTHORIZED_RETRY_MS = 30_000;
/** Many sends may fail at once; one question answers for all. */
const DOUBT_GAP_MS = 1_000;

export type ReachabilityOptions = {
  readonly check: (signal: AbortSignal) => Promise<CheckResult>;
  readonly now: () => number;
  /** Told on every change between reachable and not. */
  readonly onChange: (status: TelegramStatus) => void;
  /** Telegram asks the whole bot to wait. */
  readonly onPause: (ms: number) => void;
};

/**
 * Whether Telegram answers and takes the token. `getMe` finds out at the start, after failed sends and every 30 s when
 * nothing is sent; until it succeeds nothing is sent at all, so that an outage makes no doubtful messages.
 */
export class Reachability {
  readonly #options: ReachabilityOptions;
  readonly #stop = new AbortController();
  #status: TelegramStatus;
  #retryMs: number = RETRY_MS.first;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  #latencyMs: number | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #nextCheckAt = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    const now = this.#timestamp();
    this.#status = { reachable: false, error: "not asked yet", checked_at: now, since: now };
  }

  get status(): TelegramStatus {
    return this.#status;
  }

  get reachable(): boolean {
    return this.#status.reachable;
  }

  /** When it is asked again. */
  get nextCheckAt(): number {
    return this.#checking ? this.#options.now() : this.#nextCheckAt;
  }

  /** Asks now: at the start, and when the token changed. */
  check(): void {
    if (this.#checking || this.#stop.signal.aborted) return;
    this.#checking = true;
    this.#checkedAt = this.#options.now();
    clearTimeout(this.#timer);
    void this.#options.check(this.#stop.signal).then((result) => {
      this.#checking = false;
      this.#latencyMs = Math.max(0, Math.round(this.#options.now() - this.#checkedAt));
      if (!this.#stop.signal.aborted) this.#take(result);
    });
  }

  /** A send failed in a way that may concern all: asks soon. */
  doubted(): void {
    const wait = this.#checkedAt + DOUBT_GAP_MS - this.#options.now();
    if (this.reachable && !this.#checking) this.#checkIn(Math.max(0, wait));
  }

  /** A send succeeded, so nobody has to ask. */
  succeeded(): void {
    if (!this.reachable) return;
    this.#status = { ...this.#status, checked_at: this.#timestamp() };
    if (!this.#checking) this.#checkIn(IDLE_CHECK_MS);
  }

  /** A send was refused for the token. */
  refused(error: string): void {
    this.#take({ kind: "unauthorized", error: `Telegram refuses the bot token: ${error}` });
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  #take(result: CheckResult): void {
    const was = this.#status;
    const reachable = result.kind === "reachable";
    const checked_at = this.#timestamp();
    const since = was.since !== undefined && was.reachable === reachable ? was.since : checked_at;
    const looked = { checked_at, since, ...(this.#latencyMs !== undefined && { latency_ms: this.#latencyMs }) };
    if (result.kind === "reachable") {
      this.#retryMs = RETRY_MS.first;
      this.#status = { reachable: true, bot_username: result.me.username, ...looked };
    } else {
      const refused = result.kind === "unauthorized" ? { token_refused: true } : {};
      this.#status = { reachable: false, error: result.error, ...refused, ...looked };
    }
    this.#checkIn(this.#delayAfter(result));
    if (was.reachable !== this.reachable || was.error !== this.#status.error) this.#options.onChange(this.#status);
  }

  #delayAfter(result: CheckResult): number {
    if (result.kind === "reachable") return IDLE_CHECK_MS;
    if (result.kind === "unauthorized") return UNAUTHORIZED_RETRY_MS;
    if (result.retryAfterMs !== undefined) {
      this.#options.onPause(result.retryAfterMs);
      return result.retryAfterMs;
    }
    const delay = this.#retryMs;
    this.#retryMs = Math.min(delay * 2, RETRY_MS.last);
    return delay;
  }

  #checkIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#nextCheckAt = this.#options.now() + ms;
    this.#timer = setTimeout(() => this.check(), ms);
  }

  #timestamp(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
