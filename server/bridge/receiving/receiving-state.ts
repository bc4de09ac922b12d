import type { ReceivingStatus } from "../../../contract/bridge-status.ts";
import { boundedText } from "../status/bounded-text.ts";
import type { PollResult } from "./poll-plan.ts";

/** A poll waits 25 s and its connection is given up after 35 s: without an answer for longer, nothing is received. */
const SILENCE_MS = 45_000;
/** After a conflict so long the other consumer is taken for present: the two win in turn. */
const CONFLICT_SHOWN_MS = 300_000;

const HINTS: Readonly<Record<Exclude<PollResult["kind"], "answered">, string | undefined>> = {
  conflict:
    "only one program may read a bot's updates: stop the other one or its webhook, use another bot, or set TELEGRAM_UPDATES=None here",
  unauthorized: "check the bot token",
  rate_limited: undefined,
  unreachable: undefined,
  undelivered: "Telegram has to reach TELEGRAM_WEBHOOK_URL from the Internet, with a certificate that it trusts",
  not_stored: "free space on the disk of the data directory",
};

/** Whether what people say reaches the bridge. Times are milliseconds of one steady clock. */
export class ReceivingState {
  readonly #mode: ReceivingStatus["mode"];
  /** The start, until something answered. */
  #heardAt: number;
  #answered = false;
  #problem: Exclude<PollResult, { kind: "answered" }> | undefined;
  #conflict: { readonly at: number; readonly error: string } | undefined;

  constructor(mode: ReceivingStatus["mode"], now: number) {
    this.#mode = mode;
    this.#heardAt = now;
  }

  record(result: PollResult, now: number): void {
    // Also when Telegram cannot call: it was heard, and only whoever runs what is in front of the bridge can let it in.
    if (result.kind === "answered" || result.kind === "undelivered") {
      this.#heardAt = now;
      this.#answered = true;
    }
    this.#problem = result.kind === "answered" ? undefined : result;
    if (result.kind === "conflict") this.#conflict = { at: now, error: result.error };
  }

  /** Seconds since Telegram last answered; 0 when nothing is asked. */
  silenceSeconds(now: number): number {
    return this.#mode === "None" ? 0 : Math.max(0, now - this.#heardAt) / 1000;
  }

  /**
   * Why nothing is received; undefined while something is, or nothing shall be. A conflict is not one: Telegram answers, messages are
   * sent, and only whoever runs the other consumer can end it.
   */
  obstacle(now: number): string | undefined {
    if (this.#mode === "None" || this.#problem?.kind === "conflict" || now - this.#heardAt <= SILENCE_MS)
      return undefined;
    const seconds = Math.floor((now - this.#heardAt) / 1000);
    return `what people say is not received for ${seconds} s: ${this.#problem?.error ?? "no answer"}`;
  }

  status(now: number): ReceivingStatus {
    const other = this.#conflict !== undefined && now - this.#conflict.at < CONFLICT_SHOWN_MS;
    const problem = this.#problem ?? (other ? this.#conflict : undefined);
    const kind = this.#problem?.kind ?? (other ? "conflict" : undefined);
    const hint = kind === undefined ? undefined : HINTS[kind];
    return {
      mode: this.#mode,
      receiving: this.#mode !== "None" && this.#problem === undefined && this.obstacle(now) === undefined,
      other_consumer: other,
      ...(kind === "undelivered" && { undelivered: true }),
      ...(problem !== undefined && { error: boundedText(problem.error) }),
      ...(hint !== undefined && { hint }),
      ...(this.#answered && { last_answer_at: new Date(this.#heardAt).toISOString() }),
    };
  }
}
