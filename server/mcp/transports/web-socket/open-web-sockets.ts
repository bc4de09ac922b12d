import type { Duplex } from "node:stream";
import { ServerError } from "../../../../contract/errors.ts";

/** Connections that one client, and all, may have open at a time. */
const most = { each: 1_000, all: 20_000 };

/**
 * Every connection is pinged every 30 s, because proxies cut those that are quiet for a minute or more. A part of them each
 * second: all at once would hold up everything else.
 */
const beats = { everyMs: 1_000, parts: 30 };

/** Milliseconds between two pings of a connection. */
export const pingIntervalMs = beats.everyMs * beats.parts;

/** What is done with every open connection. */
export type OpenWebSocket = {
  /** Looks whether the peer is there and may still be, and asks it to say so. */
  beat(): void;
  /** Resolves when the requests under way are answered, the client was told to go elsewhere, and the connection is closed. */
  drain(): Promise<void>;
  /** The same without waiting: what is under way is answered with an error. */
  giveUp(): Promise<void>;
};

/** The WebSockets of a process. */
export class OpenWebSockets {
  /** By the part that they belong to. */
  readonly #open = new Map<OpenWebSocket, number>();
  readonly #counts = new Map<string, number>();
  readonly #onCount: (count: number) => void;
  readonly #timer: NodeJS.Timeout;
  #isClosing = false;
  #added = 0;
  #part = 0;

  /** `onCount` is told how many are open whenever that changes. */
  constructor(onCount: (count: number) => void) {
    this.#onCount = onCount;
    onCount(0);
    this.#timer = setInterval(() => this.#beat(), beats.everyMs).unref();
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  add(connection: OpenWebSocket): void {
    this.#open.set(connection, this.#added++ % beats.parts);
    this.#onCount(this.#open.size);
  }

  remove(connection: OpenWebSocket): void {
    this.#open.delete(connection);
    this.#onCount(this.#open.size);
  }

  /** Counts a connection of a client for as long as its stream is open. Throws RATE_LIMIT_EXCEEDED for one too many. */
  admit(clientId: string, stream: Duplex): void {
    const count = this.#counts.get(clientId) ?? 0;
    if (count >= most.each || this.#open.size >= most.all) {
      throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
    }
    this.#counts.set(clientId, count + 1);
    stream.once("close", () => {
      const left = (this.#counts.get(clientId) ?? 1) - 1;
      if (left > 0) this.#counts.set(clientId, left);
      else this.#counts.delete(clientId);
    });
  }

  /** Closes all; later ones are to be closed as soon as they come. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#open.keys()].map((connection) => connection.drain()));
  }

  /** There is no more time for what {@link close} waits for. Resolves when all are closed. */
  async giveUp(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((connection) => connection.giveUp()));
  }

  #beat(): void {
    this.#part = (this.#part + 1) % beats.parts;
    for (const [connection, part] of this.#open) if (part === this.#part) connection.beat();
  }
}
