import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { bodyLimit, bodyLimitText } from "../../contract/limits.ts";
import { routes } from "../../contract/routes.ts";
import { ByteBudget } from "../access/byte-budget.ts";
import { holdBodies } from "../listening/expectations.ts";
import { envelopeOf, longestPassage } from "./oversized-message.ts";

/** What the bodies of one client, and of all, may have while their requests are under way, in bytes. */
const budget = { each: 16 * 2 ** 20, all: 64 * 2 ** 20 };

/** A client over its rate limit is still answered on /mcp; that does not take more than this. */
const refusedBodyLimit = 16 * 1024;

/**
 * Before a body is read: it may not be larger than the limit says, nor be compressed, nor be one too many. Hooks that know
 * who calls come before this one, so that nothing is read for a stranger, and `Expect: 100-continue` is answered only here
 * (RFC 9110, 10.1.1).
 */
export function admitBodies(app: FastifyInstance): void {
  const bytes = new ByteBudget(budget);
  holdBodies(app.server);
  app.addHook("preParsing", (request, reply, payload, done) => {
    const { raw } = request;
    if (!announcesBody(raw)) return done(null, payload);
    refuseUnreadable(request);
    if (sizeOf(raw) > bodyLimit) return void refuseTooLarge(request).catch(done);
    const release = bytes.take(request.caller?.client.id ?? "", sizeOf(raw));
    if (release === undefined)
      return done(new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 1, limit_type: "bodies" }));
    reply.raw.once("close", release);
    if (raw.headers.expect?.toLowerCase() === "100-continue") reply.raw.writeContinue();
    done(null, payload);
  });
  app.addHook("onSend", ({ raw }, reply, payload, done) => {
    closeIfUnread(raw, reply);
    done(null, payload);
  });
}

/** After an answer to a request whose body was not read the connection ends: the rest of the body would be taken in. */
export function closeIfUnread(request: IncomingMessage, reply: FastifyReply): void {
  if (announcesBody(request) && !request.complete) reply.header("connection", "close");
}

/** On /mcp the model should read why; elsewhere, and for what is larger still, HTTP tells without looking at the body. */
async function refuseTooLarge(request: FastifyRequest): Promise<never> {
  const { raw } = request;
  const isMcp = request.caller !== null && request.routeOptions.url === routes.mcp;
  if (isMcp && sizeOf(raw) <= longestPassage && raw.headers.expect === undefined) {
    request.body = await envelopeOf(raw);
  }
  throw new ServerError("PAYLOAD_TOO_LARGE", { limit: bodyLimitText });
}

function refuseUnreadable({ raw, refusal }: FastifyRequest): void {
  const encoding = raw.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new ServerError("UNSUPPORTED_MEDIA_TYPE", { reason: "Compressed bodies are not read." });
  }
  if (refusal !== undefined && sizeOf(raw) > refusedBodyLimit) throw refusal;
}

/** The announced size; a chunked body may become as large as the limit. */
function sizeOf({ headers }: IncomingMessage): number {
  return headers["content-length"] === undefined ? bodyLimit : Number(headers["content-length"]);
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
