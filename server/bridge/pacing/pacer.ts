import type { PendingMessage, Recovered } from "../queue/queue.ts";
import { ChatLine, type WaitReason } from "./chat-line.ts";
import { Lanes, laneCount, ownLane } from "./lanes.ts";
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
/** Timers fire early and clocks of two machines drift: a little more than Telegram's span. */
const MARGIN_MS = 10;
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
  readonly #chats = new Map<number, ChatLine>();
  readonly #migrated = new Map<number, number>();
  /** By lane, whether a chat could have been next at the last turn. */
  #ready: readonly boolean[] = [];
  #inFlight = 0;
  #held = false;
  readonly #lanes = new Lanes();
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
    }
    this.#pausedUntil = recovered.pausedUntil;
    for (const message of recovered.pending) this.add(message);
  }

  add(message: PendingMessage): void {
    this.#line(message.chatId).add(message);
  }

  /** One that waits is not to be sent any more; false for one that is under way. */
  remove(message: PendingMessage): boolean {
    return this.#line(message.chatId).remove(message);
  }

  next(now: number): Turn {
    const [open, urgentOpen] = [this.#openAt(now, this.#limits.spareForUrgent), this.#openAt(now, 0)];
    const best: (Candidate | undefined)[] = Array.from({ length: laneCount });
    let earliest = Number.POSITIVE_INFINITY;
    for (const [chatId, line] of this.#chats) {
      const { turn } = line;
      const at = Math.max(turn?.lane === ownLane ? urgentOpen : open, line.readyAt(now));
      earliest = Math.min(earliest, at);
      if (at > now || turn === undefined) continue;
      const { lane, id } = turn;
      const candidate = { id, chatId, line };
      if (goesBefore(candidate, best[lane])) best[lane] = candidate;
    }
    this.#ready = best.map((candidate) => candidate !== undefined);
    const first = best[this.#lanes.next(this.#ready) ?? -1];
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
  }

  /** The request is over, however it went. The head stays busy until `settled`, `retry` or `resume`. */
  ended(chatId: number, now: number): void {
    this.#inFlight -= 1;
    for (const window of [this.#global, ...this.#line(chatId).windows]) window.end(now);
  }

  /** The request did not leave: it takes no place in the windows. */
  cancelled(chatId: number, notBefore: number): void {
    this.#inFlight -= 1;
    for (const window of [this.#global, ...this.#line(chatId).windows]) window.cancel();
    this.retry(chatId, notBefore);
  }

  /** The head is delivered or given up. */
  settled(chatId: number, now: number): void {
    const line = this.#line(chatId);
    line.settle();
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
  }

  /** The head is to be sent again, not before a time. */
  retry(chatId: number, notBefore: number): void {
    const line = this.#line(chatId);
    line.release();
    line.wait(notBefore, "backoff");
  }

  /**
   * Telegram answered 429 for this chat. Returns what has to pause: the chat, or the whole bot when another chat got a
   * 429 a short time ago.
   */
  pause(chatId: number, until: number, now: number): "chat" | "bot" {
    this.#line(chatId).wait(until + MARGIN_MS, "pause");
    const other = this.#last429;
    this.#last429 = { chatId, at: now };
    if (other === undefined || other.chatId === chatId || now - other.at > COMMON_429_MS) return "chat";
    this.pauseAll(until);
    return "bot";
  }

  /** The head's pause is recorded. */
  resume(chatId: number): void {
    this.#line(chatId).release();
  }

  pauseAll(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until + MARGIN_MS);
  }

  /** The longest wait that Telegram asked for: of one chat, or of the whole bot (without `chatId`). */
  longestPause(now: number): { readonly until: number; readonly chatId?: number } | undefined {
    if (this.#pausedUntil > now) return { until: this.#pausedUntil };
    let longest: { until: number; chatId: number } | undefined;
    for (const [chatId, { pausedUntil: until }] of this.#chats) {
      if (until > Math.max(now, longest?.until ?? 0)) longest = { until, chatId };
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
      else if (line.head !== undefined && line.limitedUntil(now) > now + LONG_LIMIT_MS) {
        all.push({ chatId, until: line.limitedUntil(now), reason: "limit" });
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
  }

  /** A group became a supergroup, or the chat of a name was found: its messages go there, in order. */
  migrate(from: number, to: number): void {
    const old = this.#line(from);
    if (old === this.#line(to)) {
      old.release();
      return;
    }
    this.#chats.delete(from);
    this.#migrated.set(from, to);
    this.#line(to).merge(old);
  }

  /** When the bot may send at all, leaving some places free: of a second, and of the requests under way. */
  #openAt(now: number, spare: number): number {
    const free =
      this.#inFlight < Math.max(1, this.#limits.parallel - spare)
        ? this.#global.availableAt(now, spare)
        : Number.POSITIVE_INFINITY;
    return Math.max(this.#pausedUntil, free);
  }

  #line(asked: number): ChatLine {
    const chatId = this.#migrated.get(asked) ?? asked;
    const known = this.#chats.get(chatId);
    if (known !== undefined) return known;
    const line = new ChatLine(this.#windowsOf(chatId), () => this.#held);
    this.#chats.set(chatId, line);
    return line;
  }

  #windowsOf(chatId: number): readonly SlidingWindow[] {
    const each = perSecond(this.#limits.messagesPerChatPerSecond);
    if (chatId > 0) return [each];
    return [each, new SlidingWindow(this.#limits.messagesPerGroupPerMinute, 60_000 + MARGIN_MS)];
  }

  #sweep(now: number): void {
    if (this.#chats.size < 1_000) return;
    for (const [chatId, line] of this.#chats) if (line.isSpent(now)) this.#chats.delete(chatId);
  }
}

type Candidate = { readonly id: number; readonly chatId: number; readonly line: ChatLine };

/** The chat that was served longest ago, and of those never served the one with the oldest message. */
function goesBefore(a: Candidate, b: Candidate | undefined): boolean {
  if (b === undefined) return true;
  if (a.line.lastServed !== b.line.lastServed) return a.line.lastServed < b.line.lastServed;
  return a.id < b.id;
}

/** A rate below one per second becomes one in a longer span. */
function perSecond(rate: number): SlidingWindow {
  const limit = Math.max(1, Math.floor(rate));
  return new SlidingWindow(limit, rate < 1 ? 1000 / rate + MARGIN_MS : 1000 + MARGIN_MS);
}
