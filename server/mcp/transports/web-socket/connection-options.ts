import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Caller, Credentials, Origin } from "../../../access/access.ts";
import type { ByteBudget } from "../../../access/byte-budget.ts";
import type { TurnEnd } from "../../../listening/turn-end.ts";
import type { ConversationOptions } from "../../conversation.ts";
import type { RequestLogger } from "../../method.ts";
import type { Authenticate } from "./identity.ts";
import type { OpenWebSockets } from "./open-web-sockets.ts";

/** Who a client turned out to be, and by what. */
export type Known = { readonly caller: Caller; readonly credentials: Credentials };

export type ConnectionOptions = Omit<ConversationOptions, "send" | "onRoom"> & {
  readonly socket: WebSocket;
  /** What the WebSocket reads from. */
  readonly stream: Duplex;
  /** Of the request that became this connection. */
  readonly origin: Origin;
  readonly open: OpenWebSockets;
  readonly turnEnd: TurnEnd;
  readonly bytes: ByteBudget;
  readonly authenticate: Authenticate;
  /** Is told when it is known whose connection it is. */
  readonly onKnown: (caller: Caller) => void;
  readonly logFor: (requestId: string) => RequestLogger;
};
