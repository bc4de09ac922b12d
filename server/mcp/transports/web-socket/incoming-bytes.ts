import { bodyLimit } from "../../../../contract/limits.ts";
import type { ByteBudget } from "../../../access/byte-budget.ts";

/** A message larger than this takes from the budget of its client while it comes in and is answered, in bytes. */
const accountedFrom = 16 * 1024;

/** Bytes of a control frame beside its data (RFC 6455, 5.2). */
const controlFrameHead = 6;

/** How much of an unfinished message a connection holds, and the memory that is kept free for it. */
export class IncomingBytes {
  readonly #budget: ByteBudget;
  #count = 0;
  #reserved: (() => void) | undefined;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds bytes of a client; false when there is no room for its message. A stranger's are few, and not accounted for. */
  add(bytes: number, clientId: string | undefined): boolean {
    this.#count += bytes;
    if (this.#count <= accountedFrom || this.#reserved !== undefined || clientId === undefined) return true;
    this.#reserved = this.#budget.take(clientId, bodyLimit);
    return this.#reserved !== undefined;
  }

  /** A control frame came, which is no part of a message. */
  withoutControlFrame(length: number): void {
    this.#count = Math.max(0, this.#count - length - controlFrameHead);
  }

  /** The message is complete. */
  complete(): void {
    this.#count = 0;
  }

  /** What gives back the memory that is kept for a complete message; undefined when there is none. */
  release(): (() => void) | undefined {
    const reserved = this.#reserved;
    this.#reserved = undefined;
    return reserved;
  }
}
