import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { type ErrorCode, ServerError, toServerError } from "../errors.ts";
import { bodyLimitText } from "./limits.ts";

/** Answers of fastify itself, as entries of the catalogue. */
const frameworkErrors: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
  FST_ERR_CTP_INVALID_JSON_BODY: "MALFORMED_JSON",
};

/** Whatever was thrown while a request was handled, as an error of the catalogue. */
export function asServerError(error: FastifyError | Error): ServerError {
  if (error instanceof ServerError) return error;
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : frameworkErrors[code];
  if (known === "PAYLOAD_TOO_LARGE") return new ServerError(known, { limit: bodyLimitText }, error);
  if (known !== undefined) return new ServerError(known, { reason: error.message }, error);
  if (statusCode !== undefined && statusCode < 500) {
    return new ServerError("INVALID_REQUEST", { reason: error.message }, error);
  }
  return toServerError(error);
}

/** Sends an error as JSON with the catalogue's status; on /mcp as a JSON-RPC error, which MCP clients can read. */
export function replyError(
  error: ServerError,
  request: FastifyRequest,
  reply: FastifyReply,
  now: number,
): FastifyReply {
  if (error.code === "INTERNAL_ERROR") request.log.error({ err: error.cause ?? error }, "request failed");
  const retryAfter = Number(error.details.retry_after);
  if (retryAfter > 0) reply.header("retry-after", String(Math.ceil(retryAfter)));
  if (error.code === "AUTHENTICATION_ERROR") reply.header("www-authenticate", 'Bearer realm="cctelegram"');
  if (error.code === "METHOD_NOT_ALLOWED") reply.header("allow", String(error.details.allow));
  reply.code(error.entry.httpStatus).type("application/json; charset=utf-8");
  const body = errorBody(error, request.id, now);
  return reply.send(JSON.stringify(isMcp(request) ? jsonRpcError(error, body, request.body) : body));
}

type ErrorBody = ReturnType<typeof errorBody>;

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

function jsonRpcError({ entry }: ServerError, { error: _error, message, ...data }: ErrorBody, request: unknown) {
  return { jsonrpc: "2.0", error: { code: entry.jsonRpcCode, message, data }, id: idOf(request) };
}

/** The id of the request if it was read and has one, else null (JSON-RPC 2.0, 5). */
function idOf(request: unknown): string | number | null {
  const { id } = Object(request) as { id?: unknown };
  return typeof id === "string" || typeof id === "number" ? id : null;
}

function isMcp({ url }: FastifyRequest): boolean {
  return url === "/mcp" || url.startsWith("/mcp?");
}
