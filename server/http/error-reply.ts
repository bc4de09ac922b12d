import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { ErrorCode } from "../../contract/error-catalogue.ts";
import { ServerError, toServerError } from "../../contract/errors.ts";
import { bodyLimitText } from "../../contract/limits.ts";
import { routes } from "../../contract/routes.ts";
import type { Envelope } from "../json/envelope.ts";
import { failureOf } from "../mcp/answer.ts";
import { stateless } from "../mcp/eras/stateless.ts";
import { isStatelessVersion } from "../mcp/versions.ts";
import { type Challenged, challengeOf } from "./challenges.ts";
import { oauthError } from "./not-found.ts";

/** Answers of fastify itself, as entries of the catalogue. */
const frameworkErrors: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
};

/** Whatever was thrown while a request was handled, as an error of the catalogue. */
export function asServerError(error: FastifyError | Error): ServerError {
  if (error instanceof ServerError) return error;
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : frameworkErrors[code];
  if (known === "PAYLOAD_TOO_LARGE") return new ServerError(known, { limit: bodyLimitText }, error);
  if (known !== undefined) return new ServerError(known, { reason: "This media type is not read." }, error);
  if (statusCode !== undefined && statusCode < 500) {
    return new ServerError("INVALID_REQUEST", { reason: error.message }, error);
  }
  return toServerError(error);
}

export type ReplyContext = {
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Of a server that takes access tokens. */
  readonly oauth?: Challenged | undefined;
};

/**
 * Sends an error as JSON with the catalogue's status. On /mcp it is JSON-RPC: errors of messages that were read are answered
 * there; what comes here, such as a wrong key, HTTP has to tell.
 */
export function replyError(
  error: ServerError,
  request: FastifyRequest,
  reply: FastifyReply,
  { now, oauth }: ReplyContext,
): FastifyReply {
  if (error.code === "INTERNAL_ERROR") request.log.error({ err: error.cause ?? error }, "request failed");
  const retryAfter = Number(error.details.retry_after);
  if (retryAfter > 0) reply.header("retry-after", String(Math.ceil(retryAfter)));
  const challenge = challengeOf(error, oauth);
  if (challenge !== undefined) reply.header("www-authenticate", challenge);
  if (error.code === "METHOD_NOT_ALLOWED") reply.header("allow", String(error.details.allow));
  const { status, body } = answerTo(error, request, { now, oauth });
  return reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
}

function answerTo(
  error: ServerError,
  request: FastifyRequest,
  { now, oauth: server }: ReplyContext,
): { status: number; body: object } {
  if (isMcp(request)) {
    const { id, method } = envelopeOf(request);
    const { "mcp-protocol-version": version } = request.headers;
    const era = isStatelessVersion(String(version)) ? stateless : undefined;
    const { status, message } = failureOf(error, { id, method, era }, { requestId: request.id, now });
    return { status, body: message };
  }
  const oauth = error.code === "NOT_FOUND" ? oauthError(request, server?.metadataUrl) : undefined;
  return { status: error.entry.httpStatus, body: oauth ?? errorBody(error, request.id, now) };
}

/** What is known of a message that was too large to be read. */
function envelopeOf({ body }: FastifyRequest): Partial<Envelope> {
  return typeof body === "object" && body !== null ? body : {};
}

function errorBody(error: ServerError, requestId: string, now: number) {
  return {
    error: true,
    code: error.code,
    message: error.message,
    details: error.details,
    timestamp: new Date(now).toISOString(),
    request_id: requestId,
  };
}

function isMcp({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url === routes.mcp;
}
