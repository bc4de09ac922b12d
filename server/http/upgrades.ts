import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** A request that wants to go on as a WebSocket, with the way to do so. */
export type Upgrade = {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came after the headers already. */
  readonly head: Buffer;
};

/**
 * Option of node:http: which requests come as an upgrade. Others that name a protocol, such as h2c, are answered as if they
 * did not (RFC 9110, 7.8), and so is every method but GET.
 */
export function isUpgrade({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Lets requests for an upgrade go the way of all others, through the same hooks, so that they are refused in the same
 * words. A route that wants the upgrade takes it; otherwise the answer ends the connection, because nobody reads requests
 * from it any more.
 */
export class Upgrades {
  readonly #waiting = new WeakMap<IncomingMessage, Upgrade & { readonly response: ServerResponse }>();

  constructor(server: Server) {
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // node:http has taken its own listener off, and without one an error ends the process.
      socket.on("error", () => socket.destroy());
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(request.socket);
      response.once("finish", () => {
        response.detachSocket(request.socket);
        request.socket.destroySoon();
      });
      this.#waiting.set(request, { request, socket, head, response });
      server.emit("request", request, response);
    });
  }

  has(request: IncomingMessage): boolean {
    return this.#waiting.has(request);
  }

  /** Hands over the connection: no answer is sent by HTTP. Undefined for a request that wants none. */
  take(request: IncomingMessage): Upgrade | undefined {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(request);
    waiting.response.detachSocket(request.socket);
    return waiting;
  }
}
