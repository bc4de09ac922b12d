import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What clients may still send to connections that end, and for how many at a time: whoever floods a port is owed nothing. */
const most = { bytes: 4 * 2 ** 20, ms: 2_000, connections: 16 };

/**
 * Ends the connection of a request that is answered before its body has come in two steps (RFC 9112, 9.6). A socket that is
 * closed with unread data is reset, and a client or proxy that sends at that moment loses the answer that it has not read yet.
 */
export function lingeringClose(): (request: IncomingMessage, response: ServerResponse) => void {
  const lingering = new Set<Socket>();
  return (request, response) => {
    const { socket } = request;
    response.once("prefinish", () => {
      if (request.complete || lingering.size >= most.connections) return;
      // Node calls this after an answer with "Connection: close", and has no other way to say how a connection ends.
      socket.destroySoon = () => {
        lingering.add(socket.once("close", () => lingering.delete(socket)));
        linger(socket);
      };
    });
  };
}

function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), most.ms).unref();
  let left = most.bytes;
  socket.once("close", () => clearTimeout(timer)).end();
  // No parser may find another request behind this one.
  socket.removeAllListeners("data").on("data", ({ length }: Buffer) => {
    left -= length;
    if (left < 0) socket.destroy();
  });
  socket.resume();
}
