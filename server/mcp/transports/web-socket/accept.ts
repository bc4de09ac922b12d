import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { ServerError } from "../../../../contract/errors.ts";
import { bodyLimit } from "../../../../contract/limits.ts";
import { refuseKeyInUrl } from "./authenticate.ts";
import { WebSocketConnection } from "./connection.ts";
import type { ConnectionOptions, Known } from "./connection-options.ts";

/** The sub-protocol that client and server agree on (RFC 6455, 1.9). */
const subProtocol = "mcp";

/** Pieces in which a message may come. */
const most = { fragments: 1_024, chunks: 4_096 };

/** Milliseconds in which a client has to confirm that the connection is closed. */
const closeTimeoutMs = 5_000;

/** Throws INVALID_REQUEST for a request that cannot become a connection. */
export function requireHandshake({ headers, url = "/" }: IncomingMessage): void {
  refuseKeyInUrl(url);
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (offered.includes(subProtocol)) return;
  throw new ServerError("INVALID_REQUEST", {
    reason: `a WebSocket here speaks the sub-protocol \`${subProtocol}\`: send it in Sec-WebSocket-Protocol`,
  });
}

export type AcceptOptions = Omit<ConnectionOptions, "socket" | "stream" | "origin" | "onKnown" | "sessionName">;

/** A request that becomes a connection; `onKnown` is told as soon as it is known whose. */
export type Accepted = Pick<ConnectionOptions, "origin" | "onKnown" | "sessionName"> & {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly known: Known | undefined;
};

/** Makes connections of requests: MCP over WebSocket, both eras. */
export function webSockets(options: AcceptOptions): (accepted: Accepted) => void {
  // The types do not know all of them.
  const settings = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: bodyLimit,
    maxFragments: most.fragments,
    maxBufferedChunks: most.chunks,
    closeTimeout: closeTimeoutMs,
    handleProtocols: () => subProtocol,
  };
  const server = new WebSocketServer(settings);
  return ({ request, socket: stream, head, known, ...asked }) =>
    server.handleUpgrade(request, stream, head, (socket) => {
      const connection = new WebSocketConnection({ ...options, ...asked, socket, stream }, known);
      if (options.open.isClosing) void connection.drain();
    });
}
