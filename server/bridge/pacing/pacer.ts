import type { Priority } from "../../../contract/priority.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Recovered } from "../queue/queue.ts";
import { ChatLine, type WaitReason } from "./chat-line.ts";
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
/** Chats that have nothing to say any more cost little; seeking them is worth it when there are many. */
const SWEEP_FROM = 1_000;

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
  readonly #chats = new Map<number, ChatLine>();
  readonly #migrated = new Map<number, number>();
  readonly #schedule = new Schedule();
  /** Chats that Telegram asked to wait with, and some for which that is over. */
  readonly #paused = new Map<ChatLine, number>();
  /** How many chats there are when those are sought that need not be known any more. */
  #sweepAt = SWEEP_FROM;
  /** By lane, whether a chat could have been next at the last turn. */
  #ready: readonly boolean[] = [];
  #inFlight = 0;
  #held = false;
  readonly #lanes = new Lanes();
  readonly #depths = new Depths();
  #pausedUntil = 0;
  #last429: { readonly chatId: number; readonly at: number } | undefined;

  constructor(limits: PacerLimits) {
    this.#limits = { messagesPerGroupPerMinute: GROUP_PER_MINUTE, spareForUrgent: 0, parallel: PARALLEL, ...limits };
    this.#global = perSecond(limits.messagesPerSecond);
  }

  /** Goes on where an earlier process stopped. */
  restore(recovered: Recovered, now: number): void {
    for (const { chatId, at } of recovered.sends) {
      const end = Math.min(at, now);
      this.#global.record(end);
      for (const window of this.#line(chatId).windows) window.record(end);
      this.#changed(chatId);
    }
    this.#pausedUntil = recovered.pausedUntil;
    for (const message of recovered.pending) this.add(message);
  }

  add(message: PendingMessage): void {
    this.#line(message.chatId).add(message);
    this.#changed(message.chatId);
  }

  /** One that waits is not to be sent any more; false for one that is under way. */
  remove(message: PendingMessage): boolean {
    const removed = this.#line(message.chatId).remove(message);
    this.#changed(message.chatId);
    return removed;
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
    const line = this.#line(chatId);
    if (line.turn !== undefined) this.#lanes.went(line.turn.lane, this.#ready);
    line.start();
    line.lastServed = now;
    this.#inFlight += 1;
    for (const window of [this.#global, ...line.windows]) window.start();
    this.#changed(chatId);
  }

  /** The request is over, however it went. The head stays busy until `settled`, `retry` or `resume`. */
  ended(chatId: number, now: number): void {
    this.#inFlight -= 1;
    for (const window of [this.#global, ...this.#line(chatId).windows]) window.end(now);
    this.#changed(chatId);
  }

  /** The request did not leave: it takes no place in the windows. */
  cancelled(chatId: number, notBefore: number): void {
    this.#inFlight -= 1;
    for (const window of [this.#global, ...this.#line(chatId).windows]) window.cancel();
    this.retry(chatId, notBefore);
  }

  /** The head is delivered or given up. */
  settled(chatId: number, now: number): void {
    this.#line(chatId).settle();
    this.#changed(chatId);
    this.#sweep(now);
  }

  /** The head was not sent, and is not to be: it takes no place in the windows. */
  dropped(chatId: number, now: number): void {
    this.#inFlight -= 1;
    for (const window of [this.#global, ...this.#line(chatId).windows]) window.cancel();
    this.settled(chatId, now);
  }

  /** Keeps back what clients sent, or lets it go on. */
  hold(held: boolean): void {
    this.#held = held;
    this.#allChanged();
  }

  /** The head is to be sent again, not before a time. */
  retry(chatId: number, notBefore: number): void {
    const line = this.#line(chatId);
    line.release();
    line.wait(notBefore, "backoff");
    this.#changed(chatId);
  }

  /**
   * Telegram answered 429 for this chat. Returns what has to pause: the chat, or the whole bot when another chat got a
   * 429 a short time ago.
   */
  pause(chatId: number, until: number, now: number): "chat" | "bot" {
    this.#line(chatId).wait(until + PAUSE_MARGIN_MS, "pause");
    this.#changed(chatId);
    const other = this.#last429;
    this.#last429 = { chatId, at: now };
    if (other === undefined || other.chatId === chatId || now - other.at > COMMON_429_MS) return "chat";
    this.pauseAll(until);
    return "bot";
  }

  /** The head's pause is recorded. */
  resume(chatId: number): void {
    this.#line(chatId).release();
    this.#changed(chatId);
  }

  pauseAll(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until + PAUSE_MARGIN_MS);
  }

  /** The longest wait that Telegram asked for: of one chat, or of the whole bot (without `chatId`). */
  longestPause(now: number): { readonly until: number; readonly chatId?: number } | undefined {
    if (this.#pausedUntil > now) return { until: this.#pausedUntil };
    let longest: { until: number; chatId: number } | undefined;
    for (const [line, chatId] of this.#paused) {
      const { pausedUntil: until } = line;
      if (until <= now) this.#paused.delete(line);
      else if (until > (longest?.until ?? 0)) longest = { until, chatId };
    }
    return longest;
  }

  /** Whether Telegram asked for a pause that concerns a chat. */
  isPaused(asked: number, now: number): boolean {
    const line = this.#chats.get(this.#migrated.get(asked) ?? asked);
    return this.#pausedUntil > now || (line?.pausedUntil ?? 0) > now;
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
  holdOf(asked: number, now: number): { readonly until: number; readonly reason: WaitReason } | undefined {
    const hold = this.#chats.get(this.#migrated.get(asked) ?? asked)?.hold;
    return hold !== undefined && hold.until > now ? hold : undefined;
  }

  /** Telegram answers again: what failed for want of a connection need not wait any longer. */
  clearBackoff(): void {
    for (const line of this.#chats.values()) line.clearBackoff();
    this.#allChanged();
  }

  /** A group became a supergroup, or the chat of a name was found: its messages go there, in order. */
  migrate(from: number, to: number): void {
    const old = this.#line(from);
    if (old === this.#line(to)) {
      old.release();
      this.#changed(to);
      return;
    }
    this.#chats.delete(from);
    this.#schedule.forget(old);
    this.#paused.delete(old);
    this.#migrated.set(from, to);
    this.#line(to).merge(old);
    this.#changed(to);
  }

  /** When the bot may send at all, leaving some places free: of a second, and of the requests under way. */
  #openAt(spare: number): number {
    const isFree = this.#inFlight < Math.max(1, this.#limits.parallel - spare);
    return Math.max(this.#pausedUntil, isFree ? this.#global.availableAt(spare) : Number.POSITIVE_INFINITY);
  }

  /** A chat may send something else now, or at another time. */
  #changed(asked: number): void {
    const chatId = this.#migrated.get(asked) ?? asked;
    const line = this.#line(chatId);
    this.#schedule.put(chatId, line);
    if (line.pausedUntil > 0) this.#paused.set(line, chatId);
  }

  #allChanged(): void {
    for (const chatId of this.#chats.keys()) this.#changed(chatId);
  }

  #line(asked: number): ChatLine {
    const chatId = this.#migrated.get(asked) ?? asked;
    const known = this.#chats.get(chatId);
    if (known !== undefined) return known;
    const line = new ChatLine(this.#windowsOf(chatId), () => this.#held, this.#depths);
    this.#chats.set(chatId, line);
    return line;
  }

  #windowsOf(chatId: number): readonly SlidingWindow[] {
    const each = perSecond(this.#limits.messagesPerChatPerSecond);
    if (chatId > 0) return [each];
    return [each, windowOf(this.#limits.messagesPerGroupPerMinute, 60_000)];
  }

  #sweep(now: number): void {
    if (this.#chats.size < this.#sweepAt) return;
    for (const [chatId, line] of this.#chats) {
      if (!line.isSpent(now)) continue;
      this.#chats.delete(chatId);
      this.#paused.delete(line);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#chats.size);
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
