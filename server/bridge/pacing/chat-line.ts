import { BRIDGE_ITSELF, type PendingMessage } from "../queue/queue.ts";
import { Fifo } from "./fifo.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/** Why the first message of a chat waits: Telegram asked for it, or a failed request backs off. */
export type WaitReason = "pause" | "backoff";

/** What goes before the messages of clients. */
const URGENT = Symbol("urgent");

type Whose = string | typeof URGENT;

/**
 * The messages of one chat. Urgent ones go first, but not two in a row while others wait. Each client's are first in, first out, and the clients take turns: one that sends much delays
 * its own messages, and another's by one. The head stays until it is settled: it blocks only its own chat.
 */
export class ChatLine {
  readonly windows: readonly SlidingWindow[];
  lastServed = Number.NEGATIVE_INFINITY;
  /** By client; whose turn it is stands first. None is empty. */
  readonly #waiting = new Map<Whose, Fifo>();
  #sending: { readonly client: Whose; readonly id: number } | undefined;
  #lastWasUrgent = false;
  readonly #isHeld: () => boolean;
  #notBefore = 0;
  #reason: WaitReason = "pause";

  /** `isHeld`: what clients sent has to stay; what the bridge itself says to people goes on. */
  constructor(windows: readonly SlidingWindow[], isHeld: () => boolean) {
    this.windows = windows;
    this.#isHeld = isHeld;
  }

  get head(): number | undefined {
    return this.#turn()?.[1].head;
  }

  get isUrgent(): boolean {
    return this.#turn()?.[0] === URGENT;
  }

  /** When Telegram lets the chat have messages again; 0 when it did not ask to wait. */
  get pausedUntil(): number {
    return this.#reason === "pause" ? this.#notBefore : 0;
  }

  /** What the head waits for beside its turn, and until when. */
  get hold(): { readonly until: number; readonly reason: WaitReason } {
    return { until: this.#notBefore, reason: this.#reason };
  }

  add({ id, client, notBefore, urgent }: Omit<PendingMessage, "chatId">): void {
    if (this.#waiting.size === 0 && notBefore > this.#notBefore) this.wait(notBefore, "pause");
    this.#of(urgent ? URGENT : client).push(id);
  }

  /** Takes over the messages of a chat that migrated to this one. */
  merge(other: ChatLine): void {
    for (const [client, { ids }] of other.#waiting) this.#of(client).merge(ids);
  }

  /** The head is under way. */
  start(): void {
    const turn = this.#turn();
    if (turn?.[1].head !== undefined) this.#sending = { client: turn[0], id: turn[1].head };
  }

  /** What was under way is to be sent again. */
  release(): void {
    this.#sending = undefined;
  }

  /** What was under way is over: it is the next client's turn. */
  settle(): void {
    if (this.#sending === undefined) return;
    const { client, id } = this.#sending;
    const own = this.#of(client);
    own.remove(id);
    this.#waiting.delete(client);
    if (own.head !== undefined) this.#waiting.set(client, own);
    this.#sending = undefined;
    this.#lastWasUrgent = client === URGENT;
  }

  wait(until: number, reason: WaitReason): void {
    this.#notBefore = until;
    this.#reason = reason;
  }

  clearBackoff(): void {
    if (this.#reason === "backoff") this.#notBefore = 0;
  }

  /** When the head may be sent, the chat's own limits considered. */
  readyAt(now: number): number {
    if (this.#sending !== undefined || this.head === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#notBefore, ...this.windows.map((window) => window.availableAt(now)));
  }

  /** When there is a place within the chat's limits. */
  limitedUntil(now: number): number {
    const places = this.windows.map((window) => window.availableAt(now));
    return Math.max(0, ...places.filter((at) => at !== Number.POSITIVE_INFINITY));
  }

  /** True when it holds nothing that a later message of the chat would have to respect. */
  isSpent(now: number): boolean {
    return this.#waiting.size === 0 && this.#notBefore <= now && this.windows.every((w) => w.isEmpty(now));
  }

  #turn(): [client: Whose, own: Fifo] | undefined {
    const urgent = this.#waiting.get(URGENT);
    const other = this.#otherTurn();
    return urgent !== undefined && (!this.#lastWasUrgent || other === undefined) ? [URGENT, urgent] : other;
  }

  #otherTurn(): [client: Whose, own: Fifo] | undefined {
    if (this.#isHeld()) {
      const own = this.#waiting.get(BRIDGE_ITSELF);
      return own && [BRIDGE_ITSELF, own];
    }
    for (const turn of this.#waiting) if (turn[0] !== URGENT) return turn;
    return undefined;
  }

  #of(client: Whose): Fifo {
    const known = this.#waiting.get(client);
    if (known !== undefined) return known;
    const own = new Fifo();
    this.#waiting.set(client, own);
    return own;
  }
}
