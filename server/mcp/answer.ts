import type { ErrorCode } from "../../contract/error-catalogue.ts";
import type { ServerError } from "../../contract/errors.ts";
import type { Era } from "./eras/era.ts";
import { ofServer } from "./eras/stateless.ts";
import type { MessageId } from "./message.ts";
import type { ServerInfo } from "./server-info.ts";
import { toolFailure } from "./tool-result.ts";

/** What is sent back for a message. */
export type Answer = {
  readonly message: object;
  /** The HTTP status that goes with it. */
  readonly status: number;
  /** What HTTP tells in a challenge, too. */
  readonly challenged?: ServerError;
};

/** What an answer tells about an error, beside code and message. */
export type FailureContext = {
  readonly requestId: string;
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Who says it, where results tell that. */
  readonly info?: ServerInfo;
};

/** What failed, as far as it is known. */
export type Failed = {
  /** Undefined for what gets no answer in the protocol: HTTP alone can tell. */
  readonly id: MessageId | undefined;
  readonly method: string | undefined;
  /** Undefined when it failed before anybody could know. */
  readonly era: Era | undefined;
};

/** Errors of the protocol itself. Other errors of a request come with HTTP 200, because clients end a session otherwise. */
const toldByHttp: ReadonlySet<ErrorCode> = new Set([
  "MALFORMED_JSON",
  "INVALID_REQUEST",
  "INVALID_PARAMS",
  "METHOD_NOT_FOUND",
  "SESSION_REQUIRED",
  "SESSION_NOT_FOUND",
  "HEADER_MISMATCH",
  "CLIENT_CAPABILITY_REQUIRED",
  "UNSUPPORTED_PROTOCOL_VERSION",
]);

/**
 * The answer to what failed: for a tool's call a result that the model reads, when the catalogue says so, else a JSON-RPC
 * error.
 */
export function failureOf(error: ServerError, { id, method, era }: Failed, context: FailureContext): Answer {
  if (id !== undefined && method === "tools/call" && error.entry.isError) {
    const dress = era?.name === "stateless" ? { resultType: "complete", ...metaFor(context) } : {};
    const message = { jsonrpc: "2.0", id, result: { ...dress, ...toolFailure(error) } };
    // A client gets the scope that is missing only if it is told so (MCP, Scope Challenge Handling).
    if (error.code === "INSUFFICIENT_SCOPE") return { message, status: error.entry.httpStatus, challenged: error };
    return { message, status: 200 };
  }
  // JSON-RPC 2.0, 5: null where the id could not be read. MCP 2026-07-28 leaves it out.
  const shownId = id === undefined && era?.name === "stateless" ? {} : { id: id ?? null };
  const message = { jsonrpc: "2.0", ...shownId, error: errorObject(error, era, context) };
  const isTold =
    id === undefined || (era?.name === "handshake" ? error.code === "SESSION_REQUIRED" : toldByHttp.has(error.code));
  return { message, status: isTold ? error.entry.httpStatus : 200 };
}

function metaFor({ info }: FailureContext): object {
  return info === undefined ? {} : { _meta: ofServer(info) };
}

function errorObject(error: ServerError, era: Era | undefined, { requestId, now }: FailureContext): object {
  const { code, details, entry, message } = error;
  const data = { ...details, code, details, timestamp: new Date(now).toISOString(), request_id: requestId };
  return { code: era?.codeOf(error) ?? entry.jsonRpcCode, message, data };
}
