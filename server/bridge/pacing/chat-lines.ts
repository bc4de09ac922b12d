import type { ChatLine } from "./chat-line.ts";
import type { Schedule } from "./schedule.ts";

/** Chats that have nothing to say any more cost little; seeking them is worth it when there are many. */
const SWEEP_FROM = 1_000;

/** The lines of all chats, each in its place in the schedule. A chat that migrated is known by its former id, too. */
export class ChatLines {
  readonly #lines = new Map<number, ChatLine>();
  readonly #migrated = new Map<number, number>();
  /** Chats that Telegram asked to wait with, and some for which that is over. */
  readonly #paused = new Map<ChatLine, number>();
  /** How many chats there are when those are sought that need not be known any more. */
  #sweepAt = SWEEP_FROM;
  readonly #create: (chatId: number) => ChatLine;
  readonly #schedule: Schedule;

  constructor(create: (chatId: number) => ChatLine, schedule: Schedule) {
    this.#create = create;
    this.#schedule = schedule;
  }

  [Symbol.iterator](): IterableIterator<[chatId: number, line: ChatLine]> {
    return this.#lines.entries();
  }

  /** A chat that was found by its name may become a supergroup afterwards. Only a current one migrates, so there is an end. */
  current(asked: number): number {
    const next = this.#migrated.get(asked);
    return next === undefined ? asked : this.current(next);
  }

  /** Undefined when nothing is known of the chat. */
  find(asked: number): ChatLine | undefined {
    return this.#lines.get(this.current(asked));
  }

  /** What the chat sends next, and when, may be another after it. */
  change<T>(asked: number, change: (line: ChatLine) => T): T {
    const chatId = this.current(asked);
    const line = this.#of(chatId);
    const result = change(line);
    this.#place(chatId, line);
    return result;
  }

  changeAll(change: (line: ChatLine) => void = () => {}): void {
    for (const [chatId, line] of this.#lines) {
      change(line);
      this.#place(chatId, line);
    }
  }

  /** The messages of a chat go to another one, in order. */
  migrate(from: number, to: number): void {
    const [left, entered] = [this.current(from), this.current(to)];
    if (left === entered) return void this.change(to, (line) => line.release());
    const old = this.#of(left);
    this.#lines.delete(left);
    this.#schedule.forget(old);
    this.#paused.delete(old);
    this.#migrated.set(left, entered);
    this.change(to, (line) => line.merge(old));
  }

  /** Whether a message of the chat is under way. */
  isSending(asked: number): boolean {
    return this.find(asked)?.isSending ?? false;
  }

  /** The longest wait that Telegram asked for with one of them. */
  longestPause(now: number): { readonly until: number; readonly chatId: number } | undefined {
    let longest: { until: number; chatId: number } | undefined;
    for (const [line, chatId] of this.#paused) {
      const { pausedUntil: until } = line;
      if (until <= now) this.#paused.delete(line);
      else if (until > (longest?.until ?? 0)) longest = { until, chatId };
    }
    return longest;
  }

  /** Forgets chats that need not be known any more, when there are many. */
  sweep(now: number): void {
    if (this.#lines.size < this.#sweepAt) return;
    for (const [chatId, line] of this.#lines) {
      if (!line.isSpent(now)) continue;
      this.#lines.delete(chatId);
      this.#paused.delete(line);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#lines.size);
  }

  #of(chatId: number): ChatLine {
    const known = this.#lines.get(chatId);
    if (known !== undefined) return known;
    const line = this.#create(chatId);
    this.#lines.set(chatId, line);
    return line;
  }

  #place(chatId: number, line: ChatLine): void {
    this.#schedule.put(chatId, line);
    if (line.pausedUntil > 0) this.#paused.set(line, chatId);
  }
}
