import { BRIDGE_ITSELF, type PendingMessage } from "../queue/message.ts";
import type { Depths } from "./depths.ts";
import { Fifo } from "./fifo.ts";
import { Lanes, laneCount, laneOf, ownLane } from "./lanes.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/** Why the first message of a chat waits: Telegram asked for it, or a failed request backs off. */
export type WaitReason = "pause" | "backoff";

/**
 * The messages of one chat, in lanes by priority. Within a lane each client's are first in, first out, and the clients take turns: one
 * that sends much delays its own messages, and another's by one. The head stays until it is settled: it blocks only its own chat.
 */
export class ChatLine {
  readonly windows: readonly SlidingWindow[];
  lastServed = Number.NEGATIVE_INFINITY;
  readonly #lanes = new Lanes();
  /** By lane and client; in each lane whose turn it is stands first. None is empty. */
  readonly #waiting = Array.from({ length: laneCount }, () => new Map<string, Fifo>());
  #sending: Turn | undefined;
  /** Asked for at every turn of every chat; undefined when something has changed. */
  #known: { readonly turn: Turn | undefined; readonly held: boolean } | undefined;
  readonly #isHeld: () => boolean;
  readonly #depths: Depths;
  #awaits = false;
  #notBefore = 0;
  #reason: WaitReason = "pause";

  /** `isHeld`: what clients sent has to stay; what the bridge itself says to people goes on. `depths`: of all chats together. */
  constructor(windows: readonly SlidingWindow[], isHeld: () => boolean, depths: Depths) {
    this.windows = windows;
    this.#isHeld = isHeld;
    this.#depths = depths;
  }

  get head(): number | undefined {
    return this.turn?.id;
  }

  /** Whose message is next; undefined when nothing waits. */
  get turn(): Turn | undefined {
    const held = this.#isHeld();
    if (this.#known?.held !== held) this.#known = { turn: this.#nextTurn(), held };
    return this.#known?.turn;
  }

  /** The head is under way. */
  get isSending(): boolean {
    return this.#sending !== undefined;
  }

  /** When Telegram lets the chat have messages again; 0 when it did not ask to wait. */
  get pausedUntil(): number {
    return this.#reason === "pause" ? this.#notBefore : 0;
  }

  /** What the head waits for beside its turn, and until when. */
  get hold(): { readonly until: number; readonly reason: WaitReason } {
    return { until: this.#notBefore, reason: this.#reason };
  }

  add({ id, client, notBefore, lane = laneOf("normal") }: Omit<PendingMessage, "chatId">): void {
    if (this.#isEmpty && notBefore > this.#notBefore) this.wait(notBefore, "pause");
    this.#of(lane, client).push(id);
    this.#depths.add(lane, 1);
    this.#known = undefined;
  }

  /** One that waits is not to be sent any more; false for one that is under way. */
  remove({ id, client, lane = laneOf("normal") }: Omit<PendingMessage, "chatId">): boolean {
    if (this.#sending?.id === id) return false;
    const clients = this.#waiting[lane];
    const own = clients?.get(client);
    if (own !== undefined) this.#take(id, own, lane);
    if (own !== undefined && own.head === undefined) clients?.delete(client);
    this.#known = undefined;
    return true;
  }

  /** What is under way to a chat whose messages will come here may reach this one: nothing is sent before that. */
  await(isUnderWay: boolean): void {
    this.#awaits = isUnderWay;
  }

  /** Takes over the messages of a chat that migrated to this one, and is not known any more. */
  merge(other: ChatLine): void {
    for (const [lane, clients] of other.#waiting.entries()) {
      for (const [client, { ids }] of clients) this.#of(lane, client).merge(ids);
    }
    if (this.#awaits) for (const [index, window] of other.windows.entries()) this.windows[index]?.take(window);
    this.#known = undefined;
  }

  /** The head is under way. */
  start(): void {
    this.#sending = this.turn;
  }

  /** What was under way is to be sent again. */
  release(): void {
    this.#sending = undefined;
  }

  /** What was under way is over: it is the next client's turn. */
  settle(): void {
    if (this.#sending === undefined) return;
    const { lane, client, id } = this.#sending;
    const clients = this.#waiting[lane];
    const own = this.#of(lane, client);
    this.#take(id, own, lane);
    clients?.delete(client);
    if (own.head !== undefined) clients?.set(client, own);
    this.#sending = undefined;
    this.#lanes.went(lane, this.#waits());
    this.#known = undefined;
  }

  wait(until: number, reason: WaitReason): void {
    this.#notBefore = until;
    this.#reason = reason;
  }

  clearBackoff(): void {
    if (this.#reason === "backoff") this.#notBefore = 0;
  }

  /** From when on the head may be sent, the chat's own limits considered; Infinity when that is not known yet. */
  get readyAt(): number {
    if (this.#sending !== undefined || this.#awaits || this.head === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#notBefore, ...this.windows.map((window) => window.availableAt()));
  }

  /** When there is a place within the chat's limits. */
  get limitedUntil(): number {
    const places = this.windows.map((window) => window.availableAt());
    return Math.max(0, ...places.filter((at) => at !== Number.POSITIVE_INFINITY));
  }

  /** True when it holds nothing that a later message of the chat would have to respect. */
  isSpent(now: number): boolean {
    return this.#isEmpty && !this.#awaits && this.#notBefore <= now && this.windows.every((w) => w.isEmpty(now));
  }

  get #isEmpty(): boolean {
    return this.#waiting.every(({ size }) => size === 0);
  }

  #nextTurn(): Turn | undefined {
    const lane = this.#lanes.next(this.#waits());
    if (lane === undefined) return undefined;
    const [client, own] = this.#first(lane) ?? [];
    return client === undefined || own?.head === undefined ? undefined : { lane, client, id: own.head };
  }

  #waits(): readonly boolean[] {
    return this.#waiting.map((_clients, lane) => this.#first(lane) !== undefined);
  }

  /** Whose turn it is in a lane. */
  #first(lane: number): [client: string, own: Fifo] | undefined {
    const clients = this.#waiting[lane];
    if (clients === undefined) return undefined;
    if (lane !== ownLane && this.#isHeld()) {
      const own = clients.get(BRIDGE_ITSELF);
      return own && [BRIDGE_ITSELF, own];
    }
    for (const turn of clients) return turn;
    return undefined;
  }

  #take(id: number, from: Fifo, lane: number): void {
    const before = from.size;
    from.remove(id);
    this.#depths.add(lane, from.size - before);
  }

  #of(lane: number, client: string): Fifo {
    const clients = this.#waiting[lane] ?? new Map<string, Fifo>();
    const known = clients.get(client);
    if (known !== undefined) return known;
    const own = new Fifo();
    clients.set(client, own);
    return own;
  }
}

type Turn = { readonly lane: number; readonly client: string; readonly id: number };
