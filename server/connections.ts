import type { Server } from "node:http";
import type { Socket } from "node:net";

export type ConnectionLimits = {
  /** Open connections of all addresses together; further ones are closed at once. */
  readonly total: number;
  /** Open connections of one address, so that no caller can take all places. */
  readonly perAddress: number;
};

/** Bounds the open connections of a server. */
export function boundConnections(server: Server, { total, perAddress }: ConnectionLimits): void {
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > perAddress) socket.destroy();
  });
}

/** An IPv4 address as such, also where a dual-stack socket shows it as IPv6 (`::ffff:192.0.2.1`). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
