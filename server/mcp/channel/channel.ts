import type { Client } from "../../access/client.ts";
import type { Session } from "../session.ts";

/** A connection on which a session hears what it has not asked for. */
export type Way = {
  /** False when the client does not take it. */
  readonly send: (message: object) => boolean;
  /** Calls back when the connection has ended; at once when it has. */
  readonly onClose: (listener: () => void) => void;
  /** Whose connection it is now; undefined when its key counts no longer. */
  readonly client: () => Client | undefined;
};

/** Hands over by one connection until the signal is aborted. Must not reject. */
type Run = (way: Way, name: string, run: RunSignals) => Promise<void>;

export type RunSignals = {
  /** Aborted when the connection is gone. */
  readonly signal: AbortSignal;
  /** Resolves when the session has registered the next time. */
  readonly registered: () => Promise<void>;
};

type Running = { readonly way: Way; readonly name: string; readonly abort: AbortController };

/** One session that people talk to: it hears them by the newest of its connections to this process, and by one at a time. */
export class Channel {
  readonly session: Session;
  /** As it was at the first connection. */
  readonly client: Client;
  readonly #run: Run;
  readonly #nameOf: () => string | undefined;
  #ways: readonly Way[] = [];
  #isReady = false;
  #registered = Promise.withResolvers<void>();
  #running: Running | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(session: Session, client: Client, nameOf: () => string | undefined, run: Run) {
    this.session = session;
    this.client = client;
    this.#nameOf = nameOf;
    this.#run = run;
  }

  add(way: Way, onLast: () => void): void {
    this.#ways = [...this.#ways, way];
    this.steer();
    way.onClose(() => {
      this.#ways = this.#ways.filter((other) => other !== way);
      this.steer();
      if (this.#ways.length === 0) onLast();
    });
  }

  /** The client has said that it is ready (MCP 2025-11-25, Lifecycle). */
  ready(): void {
    this.#isReady = true;
    this.steer();
  }

  /** The session has registered, under another name or once more: what it waits for may be its own now. */
  registered(): void {
    this.#registered.resolve();
    this.#registered = Promise.withResolvers();
    this.steer();
  }

  /** Goes on by what counts now. What is under way ends first: it may still settle what the client has read. */
  steer(): void {
    const way = this.#isReady ? this.#ways.at(-1) : undefined;
    const name = this.#nameOf();
    if (this.#running?.way === way && this.#running?.name === name) return;
    this.#running?.abort.abort();
    this.#running = undefined;
    if (way === undefined || name === undefined) return;
    const abort = new AbortController();
    this.#running = { way, name, abort };
    const run = { signal: abort.signal, registered: () => this.#registered.promise };
    this.#done = this.#done.then(() => (abort.signal.aborted ? undefined : this.#run(way, name, run)));
  }

  /** Resolves when nothing is handed over any more. */
  end(): Promise<void> {
    this.#ways = [];
    this.steer();
    return this.#done;
  }
}
