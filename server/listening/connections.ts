import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { carrierOf } from "./carriers.ts";
import { lingeringClose } from "./lingering-close.ts";

/** Times of a port that anybody may reach, in milliseconds; options of node:http. */
export const requestTimes = Object.freeze({
  /** From the first byte, or the connection, to the end of the headers. */
  headersTimeout: 10_000,
  /** From the first byte to the end of the body. */
  requestTimeout: 20_000,
  connectionsCheckingInterval: 2_000,
});

export type ConnectionLimits = {
  /** Open connections of all addresses together. */
  readonly total: number;
  /** Milliseconds in which a finished answer has to be taken. */
  readonly answerTimeoutMs: number;
};

export type Connections = {
  /** Marks a connection whose caller has proved who it is. */
  trust(socket: Socket): void;
  /** Counts a connection no longer: whoever holds it from now on bounds its kind. */
  handOver(socket: Socket): void;
};

/**
 * Bounds what strangers can hold of a server. Above the total the oldest connection of a stranger is closed, so that
 * a stranger that takes all of them keeps nobody out. An answer that nobody takes is given up: it would stay in memory.
 * An answer that comes before the end of its request arrives.
 */
export function boundConnections(server: Server, limits: ConnectionLimits): Connections {
  const { total, answerTimeoutMs } = limits;
  const strangers = new Set<Socket>();
  const counted = new Set<Socket>();
  // By TLS a connection counts from its beginning on, and not when the handshake is done.
  const handOver = (socket: Socket): void => {
    counted.delete(carrierOf(socket));
    strangers.delete(carrierOf(socket));
  };
  server.on("connection", (socket) => {
    strangers.add(socket);
    counted.add(socket);
    socket.once("close", () => handOver(socket));
    if (counted.size <= total) return;
    if (strangers.size === 1) server.closeIdleConnections();
    dropOldest(strangers);
  });
  const linger = lingeringClose();
  // Before the application answers.
  server.prependListener("request", (request, response) => {
    limitAnswer(response, answerTimeoutMs);
    linger(request, response);
  });
  return { trust: (socket) => void strangers.delete(carrierOf(socket)), handOver };
}

/** An IPv4 address as such, also where a dual-stack socket shows it as IPv6 (`::ffff:192.0.2.1`). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function dropOldest(sockets: Set<Socket>): void {
  for (const oldest of sockets) {
    sockets.delete(oldest);
    oldest.destroy();
    return;
  }
}

function limitAnswer(response: ServerResponse, timeoutMs: number): void {
  response.once("prefinish", () => {
    const timer = setTimeout(() => response.destroy(), timeoutMs).unref();
    response.once("close", () => clearTimeout(timer));
  });
}
