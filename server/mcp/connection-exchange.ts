import type { Caller, Origin } from "../access/access.ts";
import type { Exchange } from "./exchange.ts";
import type { RequestLogger } from "./method.ts";
import type { Agreed, Session } from "./session.ts";

/** Who sent a message. */
export type Speaker = {
  readonly caller: Caller;
  readonly origin: Origin;
  /** Made only for messages of which something is logged. */
  log(): RequestLogger;
};

export type ConnectionExchangeOptions = {
  readonly speaker: Speaker;
  readonly session: Session | undefined;
  readonly sessionName: string | undefined;
  readonly begin: (agreed: Agreed) => void;
  readonly send: (message: object) => boolean;
};

/** One message of a connection: there are no headers to compare, and what it sends goes out among everything else. */
export class ConnectionExchange implements Exchange {
  readonly #options: ConnectionExchangeOptions;
  #log: RequestLogger | undefined;
  #aborted: AbortController | undefined;
  #isCancelled = false;
  #hasSent = false;

  constructor(options: ConnectionExchangeOptions) {
    this.#options = options;
  }

  readonly isConnection = true;
  readonly declaredVersion = undefined;

  get caller(): Caller {
    return this.#options.speaker.caller;
  }

  get origin(): Origin {
    return this.#options.speaker.origin;
  }

  get log(): RequestLogger {
    this.#log ??= this.#options.speaker.log();
    return this.#log;
  }

  get session(): Session | undefined {
    return this.#options.session;
  }

  get sessionName(): string | undefined {
    return this.#options.sessionName;
  }

  readonly begin = (agreed: Agreed): void => this.#options.begin(agreed);

  verify(): void {}

  /** After a cancellation nothing is sent any more (MCP, Cancellation). */
  send(message: object): boolean {
    if (this.#isCancelled) return false;
    this.#hasSent = true;
    return this.#options.send(message);
  }

  get signal(): AbortSignal {
    this.#aborted ??= new AbortController();
    if (this.#isCancelled) this.#aborted.abort();
    return this.#aborted.signal;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** It has told or asked something: it may wait for the client, or for long. */
  get hasSent(): boolean {
    return this.#hasSent;
  }

  /** The client wants no answer any more. */
  cancel(): void {
    this.#isCancelled = true;
    this.#aborted?.abort();
  }

  /** The client can be asked nothing any more; an answer it may still read. */
  hangUp(): void {
    this.#aborted ??= new AbortController();
    this.#aborted.abort();
  }
}
