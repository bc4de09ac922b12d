import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply } from "fastify";
import { ServerError } from "../errors.ts";
import { bodyLimit, bodyLimitText } from "../limits.ts";

/**
 * Before a body is read: it may not be larger than the limit says, nor be compressed. Hooks that know who calls come
 * before this one, so that nothing is read for a stranger, and `Expect: 100-continue` is answered only here (RFC 9110, 10.1.1).
 */
export function admitBodies(app: FastifyInstance): void {
  app.addHook("preParsing", async ({ raw }, reply) => {
    if (Number(raw.headers["content-length"]) > bodyLimit) {
      throw new ServerError("PAYLOAD_TOO_LARGE", { limit: bodyLimitText });
    }
    const encoding = raw.headers["content-encoding"];
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
      throw new ServerError("UNSUPPORTED_MEDIA_TYPE", { reason: "Compressed bodies are not read." });
    }
    if (raw.headers.expect?.toLowerCase() === "100-continue") reply.raw.writeContinue();
  });
  app.addHook("onSend", async ({ raw }, reply) => closeIfUnread(raw, reply));
}

/** After an answer to a request whose body was not read the connection ends: the rest of the body would be taken in. */
export function closeIfUnread(request: IncomingMessage, reply: FastifyReply): void {
  if (announcesBody(request) && !request.complete) reply.header("connection", "close");
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
