import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Times of every HTTP port, in milliseconds; options of node:http. Connections over time are looked for every two seconds. */
export const requestTimes = Object.freeze({
  /** From the first byte, or the connection, to the end of the headers. */
  headersTimeout: 10_000,
  /** From the first byte to the end of the body. */
  requestTimeout: 20_000,
  connectionsCheckingInterval: 2_000,
});

export type ConnectionLimits = {
  /** Connections at a time. */
  readonly connections: number;
  /** Milliseconds in which a finished answer has to be taken. */
  readonly answerTimeoutMs: number;
};

export type Connections = {
  /** Says that a right key came by this connection. */
  trust(socket: Socket): void;
};

/**
 * Bounds what strangers can hold of a server. Above the limit the oldest connection that has shown no right key has to
 * go, so that whoever fills all of them keeps nobody out. An answer that nobody takes is given up. `Expect: 100-continue`
 * is left to the application, which knows whether it wants the body.
 */
export function boundConnections(server: Server, limits: ConnectionLimits): Connections {
  const strangers = new Set<Socket>();
  let open = 0;
  server.on("connection", (socket) => {
    open += 1;
    strangers.add(socket);
    socket.once("close", () => {
      open -= 1;
      strangers.delete(socket);
    });
    if (open <= limits.connections) return;
    if (strangers.size === 1) server.closeIdleConnections();
    for (const oldest of strangers) {
      oldest.destroy();
      strangers.delete(oldest);
      break;
    }
  });
  // Before the application answers.
  server.prependListener("request", (_request, response) => limitAnswer(response, limits.answerTimeoutMs));
  server.on("checkContinue", (request, response) => void server.emit("request", request, response));
  // Node would answer, and then take in the body.
  server.on("checkExpectation", (_request, response) => void response.writeHead(417, { connection: "close" }).end());
  return { trust: (socket) => void strangers.delete(socket) };
}

/** A client that does not read its answer loses the connection: the answer would stay in memory. */
function limitAnswer(response: ServerResponse, timeoutMs: number): void {
  response.once("prefinish", () => {
    const timer = setTimeout(() => response.destroy(), timeoutMs).unref();
    response.once("close", () => clearTimeout(timer));
  });
}
