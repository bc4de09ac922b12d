import type { FastifyRequest } from "fastify";
import { sessionNameHeader, sessionNameParameter } from "../../channel/capability.ts";

/** What the client of a request calls its session, in the URL or in a header; undefined when it does not. */
export function sessionNameIn({ query, headers }: Pick<FastifyRequest, "query" | "headers">): string | undefined {
  const { [sessionNameParameter]: named } = query as Readonly<Record<string, unknown>>;
  const { [sessionNameHeader]: header } = headers;
  const asked = named ?? header;
  // More than one of them is no name.
  return asked === undefined ? undefined : String(asked);
}
