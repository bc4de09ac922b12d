import type { FastifyRequest } from "fastify";
import { addressIn } from "../access/address.ts";

/**
 * The address of the sender of a request: the one that trusted proxies report, if it is an address at all, else that of
 * the connection. Some proxies write the port behind it. Empty when the connection is gone.
 */
export function clientAddress({ forwarded, socket }: Pick<FastifyRequest, "forwarded" | "socket">): string {
  return addressIn(forwarded.address) ?? addressIn(socket.remoteAddress) ?? "";
}
