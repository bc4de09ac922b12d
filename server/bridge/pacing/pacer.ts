import type { Priority } from "../../../contract/priority.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Recovered } from "../queue/queue.ts";
import { ChatLine, type WaitReason } from "./chat-line.ts";
import { ChatLines } from "./chat-lines.ts";
import { Depths } from "./depths.ts";
import { Lanes, laneCount, ownLane } from "./lanes.ts";
import { Schedule } from "./schedule.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** Telegram's flood limits (Bots FAQ): bulk messages per second, messages per chat, messages per group and minute. */
export type PacerLimits = {
  readonly messagesPerSecond: number;
  readonly messagesPerChatPerSecond: number;
  readonly messagesPerGroupPerMinute?: number;
  /** Requests under way at the same time; 10 by default. "Do not send many messages in parallel" (grammY, flood.md). */
  readonly parallel?: number;
  /** Of the messages per second those that are kept free for urgent ones; 0 by default. */
  readonly spareForUrgent?: number;
};

/** What to do now: send a message, wait until a time, or (Infinity) until something changes. */
export type Turn = { readonly id: number; readonly chatId: number } | { readonly waitUntil: number };

/** Why and until when a chat, or every chat, gets nothing. */
export type Wait = { readonly until: number; readonly chatId?: number; readonly reason: WaitReason | "limit" };

/** Waits for a place within a chat's limit that are worth telling; a second is part of a normal flow. */
const LONG_LIMIT_MS = 2_000;
/** Times are whole milliseconds, on a clock that each process sets to a whole one: two may be missing. Clocks run apart by half a thousandth. */
const marginOf = (spanMs: number): number => 2 + Math.ceil(spanMs / 2_000);
/** After a pause that Telegram asked for; it tells whole seconds. */
const PAUSE_MARGIN_MS = 10;
/** 429s of two chats within this time mean the bot, not the chat. */
const COMMON_429_MS = 5_000;
const GROUP_PER_MINUTE = 20;
const PARALLEL = 10;

/**
 * Decides which message goes next and when. Pure: times come in as milliseconds of one steady clock.
 *
 * Among the chats that may send, the one served longest ago is next, so that a chat with one message does not wait for
 * the backlog of others. Chats whose next message has a higher priority come before them, within the bounds of `Lanes`. Within a chat
 * and a priority clients take turns, and each client's messages go in order of acceptance, also over retries.
 */
export class Pacer {
  readonly #limits: Required<PacerLimits>;
  readonly #global: SlidingWindow;
  readonly #schedule = new Schedule();
  readonly #chats = new ChatLines((chatId) => this.#newLine(chatId), this.#schedule);
  /** By lane, whether a chat could have been next at the last turn. */
  #ready: readonly boolean[] = [];
  #inFlight = 0;
  #held = false;
  readonly #lanes = new Lanes();
  readonly #depths = new Depths();
  #pausedUntil = 0;
  #last429: { readonly chatId: number; readonly at: number } | undefined;

  /** Where chats go when what is under way to them has ended. */
  readonly #moving = new Map<number, number>();

  constructor(limits: PacerLimits) {
    this.#limits = { messagesPerGroupPerMinute: GROUP_PER_MINUTE, spareForUrgent: 0, parallel: PARALLEL, ...limits };
    this.#global = perSecond(limits.messagesPerSecond);
  }

  /** Goes on where an earlier process stopped. */
  restore(recovered: Recovered, now: number): void {
    for (const { chatId, at } of recovered.sends) {
      const end = Math.min(at, now);
      this.#global.record(end);
      this.#chats.change(chatId, ({ windows }) => {
        for (const window of windows) window.record(end);
      });
    }
    this.#pausedUntil = recovered.pausedUntil;
    for (const message of recovered.pending) this.add(message);
  }

  add(message: PendingMessage): void {
    this.#chats.change(message.chatId, (line) => line.add(message));
  }

  /** One that waits is not to be sent any more; false for one that is under way. */
  remove(message: PendingMessage): boolean {
    return this.#chats.change(message.chatId, (line) => line.remove(message));
  }

  /** How many wait or are under way. */
  depths(): Readonly<Record<Priority, number>> {
    return this.#depths.byPriority();
  }

  next(now: number): Turn {
    const [others, own] = [this.#openAt(this.#limits.spareForUrgent), this.#openAt(0)];
    let earliest = Number.POSITIVE_INFINITY;
    const candidates = lanes.map((lane) => {
      const open = lane === ownLane ? own : others;
      const due = this.#schedule.due(lane, now);
      if (due !== undefined && open <= now) return due;
      earliest = Math.min(earliest, Math.max(open, due?.at ?? this.#schedule.nextAt(lane)));
      return undefined;
    });
    this.#ready = candidates.map((candidate) => candidate !== undefined);
    const first = candidates[this.#lanes.next(this.#ready) ?? -1];
    return first === undefined ? { waitUntil: earliest } : { id: first.id, chatId: first.chatId };
  }

  /** The chat's head is about to be sent. */
  started(chatId: number, now: number): void {
    this.#inFlight += 1;
    this.#chats.change(chatId, (line) => {
      if (line.turn !== undefined) this.#lanes.went(line.turn.lane, this.#ready);
      line.start();
      line.lastServed = now;
      for (const window of [this.#global, ...line.windows]) window.start();
    });
  }

  /** The request is over, however it went. The head stays busy until `settled`, `retry` or `resume`. */
  ended(chatId: number, now: number): void {
    this.#land(chatId, (window) => window.end(now));
  }

  /** The request did not leave: it takes no place in the windows. */
  cancelled(chatId: number, notBefore: number): void {
    this.#land(chatId, (window) => window.cancel());
    this.retry(chatId, notBefore);
  }

  /** The head is delivered or given up. */
  settled(chatId: number, now: number): void {
    this.#chats.change(chatId, (line) => line.settle());
    this.#follow(chatId);
    this.#chats.sweep(now);
  }

  /** The head was not sent, and is not to be: it takes no place in the windows. */
  dropped(chatId: number, now: number): void {
    this.#land(chatId, (window) => window.cancel());
    this.settled(chatId, now);
  }

  /** Keeps back what clients sent, or lets it go on. */
  hold(held: boolean): void {
    this.#held = held;
    this.#chats.changeAll();
  }

  /** The head is to be sent again, not before a time. */
  retry(chatId: number, notBefore: number): void {
    this.#chats.change(chatId, (line) => {
      line.release();
      line.wait(notBefore, "backoff");
    });
    this.#follow(chatId);
  }

  /**
   * Telegram answered 429 for this chat. Returns what has to pause: the chat, or the whole bot when another chat got a
   * 429 a short time ago.
   */
  pause(chatId: number, until: number, now: number): "chat" | "bot" {
    this.#chats.change(chatId, (line) => line.wait(until + PAUSE_MARGIN_MS, "pause"));
    const other = this.#last429;
    this.#last429 = { chatId, at: now };
    if (other === undefined || other.chatId === chatId || now - other.at > COMMON_429_MS) return "chat";
    this.pauseAll(until);
    return "bot";
  }

  /** The head's pause is recorded. */
  resume(chatId: number): void {
    this.#chats.change(chatId, (line) => line.release());
    this.#follow(chatId);
  }

  pauseAll(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until + PAUSE_MARGIN_MS);
  }

  /** The longest wait that Telegram asked for: of one chat, or of the whole bot (without `chatId`). */
  longestPause(now: number): { readonly until: number; readonly chatId?: number } | undefined {
    return this.#pausedUntil > now ? { until: this.#pausedUntil } : this.#chats.longestPause(now);
  }

  /** Whether Telegram asked for a pause that concerns a chat. */
  isPaused(chatId: number, now: number): boolean {
    return this.#pausedUntil > now || (this.#chats.find(chatId)?.pausedUntil ?? 0) > now;
  }

  /** Messages of the last second, or of the span that the limit over all chats has. */
  used(now: number): number {
    return this.#global.used(now);
  }

  /** What chats, or all of them (without `chatId`), wait for beside their turn; the longest first. */
  waits(now: number, most: number): readonly Wait[] {
    const all: Wait[] = this.#pausedUntil > now ? [{ until: this.#pausedUntil, reason: "pause" }] : [];
    for (const [chatId, line] of this.#chats) {
      const { until, reason } = line.hold;
      if (until > now) all.push({ chatId, until, reason });
      else if (line.head !== undefined && line.limitedUntil > now + LONG_LIMIT_MS) {
        all.push({ chatId, until: line.limitedUntil, reason: "limit" });
      }
    }
    return all.sort((a, b) => b.until - a.until).slice(0, most);
  }

  /** What a chat's messages wait for beside their turn; undefined when nothing holds them. */
  holdOf(chatId: number, now: number): { readonly until: number; readonly reason: WaitReason } | undefined {
    const hold = this.#chats.find(chatId)?.hold;
    return hold !== undefined && hold.until > now ? hold : undefined;
  }

  /** Telegram answers again: what failed for want of a connection need not wait any longer. */
  clearBackoff(): void {
    this.#chats.changeAll((line) => line.clearBackoff());
  }

  /** A group became a supergroup, or the chat of a name was found: its messages go there, in order. */
  migrate(from: number, to: number): void {
    const awaiting = this.#moving.get(from) ?? to;
    this.#moving.delete(from);
    this.#chats.migrate(from, to);
    this.#chats.change(awaiting, (line) => line.await(false));
  }

  /** The same, told by somebody else than Telegram's answer to what is under way: that comes to its end first, in either chat. */
  moved(from: number, to: number): void {
    const left = this.#chats.current(from);
    if (left === this.#chats.current(to) || this.#moving.has(left)) return;
    if (this.#chats.isSending(left)) {
      this.#moving.set(left, to);
      this.#chats.change(to, (line) => line.await(true));
    } else this.migrate(left, to);
  }

  #follow(chatId: number): void {
    const to = this.#moving.get(chatId);
    if (to !== undefined) this.migrate(chatId, to);
  }

  /** When the bot may send at all, leaving some places free: of a second, and of the requests under way. */
  #openAt(spare: number): number {
    const isFree = this.#inFlight < Math.max(1, this.#limits.parallel - spare);
    return Math.max(this.#pausedUntil, isFree ? this.#global.availableAt(spare) : Number.POSITIVE_INFINITY);
  }

  /** A request is not under way any more. */
  #land(chatId: number, change: (window: SlidingWindow) => void): void {
    this.#inFlight -= 1;
    this.#chats.change(chatId, ({ windows }) => {
      for (const window of [this.#global, ...windows]) change(window);
    });
  }

  #newLine(chatId: number): ChatLine {
    const each = perSecond(this.#limits.messagesPerChatPerSecond);
    const windows = chatId > 0 ? [each] : [each, windowOf(this.#limits.messagesPerGroupPerMinute, 60_000)];
    return new ChatLine(windows, () => this.#held, this.#depths);
  }
}

const lanes = Array.from({ length: laneCount }, (_, lane) => lane);

/** A rate below one per second becomes one in a longer span. */
function perSecond(rate: number): SlidingWindow {
  return windowOf(Math.max(1, Math.floor(rate)), rate < 1 ? 1000 / rate : 1000);
}

function windowOf(limit: number, spanMs: number): SlidingWindow {
  return new SlidingWindow(limit, spanMs + marginOf(spanMs));
}
