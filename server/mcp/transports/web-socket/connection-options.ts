import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Caller, Origin } from "../../../access/access.ts";
import type { ByteBudget } from "../../../access/byte-budget.ts";
import type { Dispatcher } from "../../dispatcher.ts";
import type { RequestLogger } from "../../method.ts";
import type { SessionListeners } from "../../session-listeners.ts";
import type { Authenticate, Credentials } from "./identity.ts";
import type { OpenWebSockets } from "./open-web-sockets.ts";

/** Who a client turned out to be, and by what. */
export type Known = { readonly caller: Caller; readonly credentials: Credentials };

export type ConnectionOptions = {
  readonly socket: WebSocket;
  /** What the WebSocket reads from. */
  readonly stream: Duplex;
  /** Of the request that became this connection. */
  readonly origin: Origin;
  readonly dispatcher: Dispatcher;
  readonly listeners: SessionListeners;
  readonly open: OpenWebSockets;
  readonly bytes: ByteBudget;
  readonly authenticate: Authenticate;
  /** Is told when it is known whose connection it is. */
  readonly onKnown: (caller: Caller) => void;
  readonly logFor: (requestId: string) => RequestLogger;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};
