import type { FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import type { Client } from "../tools/client.ts";

/** The client that the guard recognised. A route without a guard has none: that is refused, not waved through. */
export function clientOf({ client }: FastifyRequest): Client {
  if (client === null) throw new ServerError("AUTHENTICATION_ERROR", { reason: "An API key is required." });
  return client;
}
