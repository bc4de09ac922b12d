import { tooManyRequests } from "./api-error.ts";

/** Telegram's limits, taken at their strictest: no burst, windows that slide. `false` switches flood control off. */
export type FloodLimits = {
  /** Messages of the bot within any second. */
  readonly global: number;
  /** Messages to one chat within any second. */
  readonly perChat: number;
  /** Messages to one group (negative chat id) within any minute. */
  readonly perGroupMinute: number;
};

export const STRICT_LIMITS: FloodLimits = { global: 30, perChat: 1, perGroupMinute: 20 };

/** Requests during a pause lengthen it by this much (grammY, flood.md: "an even longer cooldown period"). */
const PENALTY_MS = 1_000;

type Rule = { readonly bucket: string; readonly limit: number; readonly spanMs: number };

/** Counts accepted messages in sliding windows and answers 429 beyond them. Times are of one steady clock. */
export class FloodControl {
  limits: FloodLimits | false;
  readonly #accepted = new Map<string, number[]>();
  readonly #pauses = new Map<string, number>();

  constructor(limits: FloodLimits | false) {
    this.limits = limits;
  }

  /** Throws 429 when the message may not be sent now. */
  check(chatId: number, now: number): void {
    this.#checkPause("bot", now);
    this.#checkPause(`chat ${chatId}`, now);
    for (const rule of this.#rules(chatId)) {
      const times = this.#times(rule, now);
      if (times.length < rule.limit) continue;
      const freeAt = (times[times.length - rule.limit] ?? now) + rule.spanMs;
      const seconds = Math.max(1, Math.ceil((freeAt - now) / 1000));
      this.pause(rule.bucket, seconds, now);
      throw tooManyRequests(seconds, true);
    }
  }

  record(chatId: number, now: number): void {
    for (const rule of this.#rules(chatId)) this.#times(rule, now).push(now);
  }

  /** `bucket` is "bot" or "chat <id>". */
  pause(bucket: string, seconds: number, now: number): void {
    this.#pauses.set(bucket.replace("group", "chat"), now + seconds * 1000);
  }

  #checkPause(bucket: string, now: number): void {
    const until = this.#pauses.get(bucket) ?? 0;
    if (now >= until) return;
    this.#pauses.set(bucket, until + PENALTY_MS);
    throw tooManyRequests(Math.ceil((until + PENALTY_MS - now) / 1000), true);
  }

  #rules(chatId: number): readonly Rule[] {
    if (this.limits === false) return [];
    const { global, perChat, perGroupMinute } = this.limits;
    const rules = [
      { bucket: "bot", limit: global, spanMs: 1_000 },
      { bucket: `chat ${chatId}`, limit: perChat, spanMs: 1_000 },
    ];
    return chatId < 0 ? [...rules, { bucket: `group ${chatId}`, limit: perGroupMinute, spanMs: 60_000 }] : rules;
  }

  #times({ bucket, spanMs }: Rule, now: number): number[] {
    const live = (this.#accepted.get(bucket) ?? []).filter((time) => now - time < spanMs);
    this.#accepted.set(bucket, live);
    return live;
  }
}
