import type { Caller, Origin } from "../access/access.ts";
import type { RequestMessage } from "./message.ts";
import type { RequestLogger } from "./method.ts";
import type { Agreed, Session } from "./session.ts";

/** What a transport brings with a message: who sent it, and the way back to the client. */
export type Exchange = {
  readonly caller: Caller;
  readonly origin: Origin;
  readonly log: RequestLogger;
  /** What `initialize` agreed on; undefined before it, and in revisions without it. */
  readonly session: Session | undefined;
  /** True where a session is one with its connection: `ping` may come before it has begun. */
  readonly isConnection: boolean;
  /** The revision that the transport itself was told, as HTTP is by a header. */
  readonly declaredVersion: string | undefined;
  /** What the client calls its session, beside its messages; undefined when it does not. */
  readonly sessionName: string | undefined;
  /** Begins the session that `initialize` agreed on. */
  begin(agreed: Agreed): void;
  /**
   * Compares what the transport was told with what the message says (MCP 2026-07-28, Server Validation). Throws
   * HEADER_MISMATCH.
   */
  verify(message: RequestMessage): void;
  /** Sends a message that belongs to this request, before its answer. False when the client does not take it. */
  send(message: object): boolean;
  /** The request stays open until somebody ends it, and its kind has limits of its own. Elsewhere than over HTTP it does nothing. */
  stay?(): void;
  /** The answer takes a while: nobody on the way is to think that nothing comes any more. */
  hold?(): void;
  /** Ends the connection, not the request, where the client can come back for the rest; elsewhere it does nothing. */
  pause?(): void;
  /** Aborted when the client has cancelled the request, or is gone and its revision means that by it. */
  readonly signal: AbortSignal;
};
