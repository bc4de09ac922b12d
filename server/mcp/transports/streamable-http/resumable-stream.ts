import type { StreamConnection } from "./stream-connection.ts";

/** How long a stream is kept without a connection, in milliseconds. */
const keptMs = 60_000;

/** Milliseconds after which a client may come back. */
const retryMs = 1_000;

/** Bytes of messages that one stream keeps; of more it keeps the newest. */
const mostKept = 1024 * 1024;

/** What a stream takes beside its messages, roughly, in bytes. */
const ownBytes = 512;

type Kept = { readonly number: number; readonly message: string };

export type ResumableStreamOptions = {
  readonly id: string;
  readonly sessionKey: string;
  /** Told of the bytes that are kept or forgotten. */
  readonly onKept: (bytes: number) => void;
  /** Told when nobody can come back for it any more. */
  readonly onForgotten: () => void;
};

/**
 * The answer to one request, or what a session is told, as events with numbers: a client that loses its connection comes back for the rest (MCP
 * 2025-11-25, Resumability and Redelivery).
 */
export class ResumableStream {
  readonly sessionKey: string;
  readonly #options: ResumableStreamOptions;
  readonly #kept: Kept[] = [];
  #bytes = 0;
  #last = 0;
  /** Number of the newest message that is not kept any more. */
  #dropped = 0;
  #connection: StreamConnection | undefined;
  #isFinished = false;
  #isForgotten = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ResumableStreamOptions, connection: StreamConnection) {
    this.sessionKey = options.sessionKey;
    this.#options = options;
    options.onKept(ownBytes);
    connection.prime(this.#idOf(0), retryMs);
    this.#use(connection);
  }

  /** Whether a client takes what is sent. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether everything after an event is still there. */
  canResume(after: number): boolean {
    return after >= this.#dropped && after <= this.#last;
  }

  /** Sends what came after an event, and then what comes. */
  resume(connection: StreamConnection, after: number): void {
    this.#connection?.end();
    this.#use(connection);
    for (const { number, message } of this.#kept) {
      if (number > after) connection.send(message, this.#idOf(number));
    }
    if (this.#isFinished) connection.end();
  }

  send(message: string): void {
    this.#last += 1;
    this.#kept.push({ number: this.#last, message });
    this.#connection?.send(message, this.#idOf(this.#last));
    this.#bytes += message.length;
    while (this.#bytes > mostKept) this.#dropOldest();
    this.#options.onKept(message.length);
  }

  /** Keeps nothing of what was sent until now. */
  drop(): void {
    while (this.#kept.length > 0) this.#dropOldest();
    if (this.#isFinished && this.#connection === undefined) this.forget();
  }

  /** Ends the connection, not the stream. */
  pause(): void {
    this.#connection?.end();
  }

  /** Nothing comes any more; what is kept can be fetched for a while. */
  finish(): void {
    this.#isFinished = true;
    this.#connection?.end();
  }

  /** Nobody can come back for it any more. */
  forget(): void {
    if (this.#isForgotten) return;
    this.#isForgotten = true;
    clearTimeout(this.#timer);
    while (this.#kept.length > 0) this.#dropOldest();
    this.#options.onKept(-ownBytes);
    this.#options.onForgotten();
  }

  #dropOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#dropped = oldest.number;
    this.#bytes -= oldest.message.length;
    this.#options.onKept(-oldest.message.length);
  }

  #use(connection: StreamConnection): void {
    clearTimeout(this.#timer);
    this.#connection = connection;
    connection.onClose(() => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      this.#timer = setTimeout(() => this.forget(), keptMs).unref();
    });
  }

  #idOf(number: number): string {
    return `${this.#options.id}/${number}`;
  }
}
