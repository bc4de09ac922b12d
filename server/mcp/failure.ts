import type { ServerError } from "../../contract/errors.ts";
import { toolFailure } from "./tool-result.ts";

/** What an answer tells about an error, beside code and message. */
export type FailureContext = {
  readonly requestId: string;
  /** Unix time in milliseconds. */
  readonly now: number;
};

export type JsonRpcId = string | number | null;

/** The id of a message if it has one, else null (JSON-RPC 2.0, 5). */
export function idOf(message: unknown): JsonRpcId {
  const { id } = Object(message) as { id?: unknown };
  return typeof id === "string" || typeof id === "number" ? id : null;
}

/** True for a message that gets no answer (JSON-RPC 2.0, 4.1). */
export function isNotification(message: unknown): boolean {
  const { method } = Object(message) as { method?: unknown };
  return typeof method === "string" && idOf(message) === null;
}

/**
 * The answer to a message that failed: for a tool's call a result that the model reads, when the catalogue says so, else
 * a JSON-RPC error. Either comes with HTTP 200: clients end the whole session at another status.
 */
export function failureOf(error: ServerError, message: unknown, context: FailureContext): object {
  const { method } = Object(message) as { method?: unknown };
  const id = idOf(message);
  if (error.entry.isError && method === "tools/call") return { jsonrpc: "2.0", id, result: toolFailure(error) };
  return { jsonrpc: "2.0", id, error: jsonRpcError(error, context) };
}

function jsonRpcError({ entry, message, code, details }: ServerError, { requestId, now }: FailureContext) {
  const data = { code, details, timestamp: new Date(now).toISOString(), request_id: requestId };
  return { code: entry.jsonRpcCode, message, data };
}
