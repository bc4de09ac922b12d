import type { PendingMessage } from "./queue.ts";
import type { SlidingWindow } from "./sliding-window.ts";

/** Why the first message of a chat waits: Telegram asked for it, or a failed request backs off. */
export type WaitReason = "pause" | "backoff";

/** The messages of one chat, first in, first out. The head stays until it is settled: it blocks only its own chat. */
export class ChatLine {
  readonly windows: readonly SlidingWindow[];
  lastServed = Number.NEGATIVE_INFINITY;
  busy = false;
  #ids: number[] = [];
  #first = 0;
  #notBefore = 0;
  #reason: WaitReason = "pause";

  constructor(windows: readonly SlidingWindow[]) {
    this.windows = windows;
  }

  get head(): number | undefined {
    return this.#ids[this.#first];
  }

  get notBefore(): number {
    return this.#notBefore;
  }

  get ids(): readonly number[] {
    return this.#ids.slice(this.#first);
  }

  add(message: Pick<PendingMessage, "id" | "notBefore">): void {
    if (this.head === undefined && message.notBefore > this.#notBefore) this.wait(message.notBefore, "pause");
    this.#ids.push(message.id);
  }

  /** Puts messages of a migrated chat in order of acceptance. */
  merge(ids: readonly number[]): void {
    this.#ids = [...this.ids, ...ids].sort((a, b) => a - b);
    this.#first = 0;
  }

  shift(): void {
    this.#first += 1;
    if (this.#first > 1024 && this.#first * 2 > this.#ids.length) this.merge([]);
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
    if (this.busy || this.head === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#notBefore, ...this.windows.map((window) => window.availableAt(now)));
  }

  /** True when it holds nothing that a later message of the chat would have to respect. */
  isSpent(now: number): boolean {
    return !this.busy && this.head === undefined && this.#notBefore <= now && this.windows.every((w) => w.isEmpty(now));
  }
}
