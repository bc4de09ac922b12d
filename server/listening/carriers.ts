import type { Socket } from "node:net";
import type { Server } from "node:tls";

const carriers = new WeakMap<Socket, Socket>();

/**
 * The TCP connection that carries a TLS connection, which is what the port took; for any other its own. Node tells of each by itself:
 * they have the same two ends.
 */
export function carrierOf(socket: Socket): Socket {
  return carriers.get(socket) ?? socket;
}

/** Remembers what carries the TLS connections of a server. */
export function knowCarriers(server: Server): void {
  const open = new Map<string, Socket>();
  server.on("connection", (carrier) => {
    const ends = endsOf(carrier);
    if (ends === undefined) return;
    open.set(ends, carrier);
    carrier.once("close", () => {
      if (open.get(ends) === carrier) open.delete(ends);
    });
  });
  const know = (socket: Socket): void => {
    const carrier = open.get(endsOf(socket) ?? "");
    if (carrier !== undefined) carriers.set(socket, carrier);
  };
  server.on("secureConnection", know);
  server.on("tlsClientError", (_error, socket) => know(socket));
}

/** Undefined when the connection is gone already. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  return remotePort === undefined ? undefined : [remoteAddress, remotePort, localAddress, localPort].join(" ");
}
