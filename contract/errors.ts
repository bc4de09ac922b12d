/** One row of the catalogue: everything that any transport needs to report the error. */
export type ErrorEntry = {
  /** Status of REST answers, and of /mcp answers that never reach the protocol. */
  readonly httpStatus: number;
  /** Code of JSON-RPC answers; -32000 to -32099 are the implementation's own (JSON-RPC 2.0, 5.1). */
  readonly jsonRpcCode: number;
  /** True: MCP reports it as a tool result with `isError`, so that the model can correct itself (SEP-1303). */
  readonly isError: boolean;
  /** True: the same request may succeed later. */
  readonly retryable: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Value of the `outcome` label of mcp_tool_calls_total. */
  readonly metricLabel: string;
  /** `{name}` is replaced from the error's details. */
  readonly message: string;
};

type Row = [number, number, boolean, boolean, ErrorEntry["logLevel"], string, string];

const entry = ([httpStatus, jsonRpcCode, isError, retryable, logLevel, metricLabel, message]: Row): ErrorEntry =>
  Object.freeze({ httpStatus, jsonRpcCode, isError, retryable, logLevel, metricLabel, message });

/** Every error that a client can meet, by its stable code. */
export const errors = Object.freeze({
  VALIDATION_ERROR: entry([400, -32602, true, false, "info", "invalid_input", "Invalid input: {problems}."]),
  MALFORMED_JSON: entry([400, -32700, false, false, "info", "invalid_input", "The body is not valid JSON: {reason}."]),
  INVALID_REQUEST: entry([400, -32600, false, false, "info", "invalid_input", "The request is not valid: {reason}."]),
  AUTHENTICATION_ERROR: entry([
    401,
    -32001,
    false,
    false,
    "warn",
    "unauthenticated",
    "{reason} Send a valid key as `X-API-Key: KEY` or `Authorization: Bearer KEY`.",
  ]),
  UNAUTHORIZED_TOOL: entry([
    403,
    -32003,
    true,
    false,
    "warn",
    "forbidden",
    "Client '{client}' may not call '{tool}'. Ask for the permission '{tool}' for this key.",
  ]),
  FORBIDDEN_ORIGIN: entry([
    403,
    -32003,
    false,
    false,
    "warn",
    "forbidden",
    "This Origin or Host is not allowed. Add the page's origin to MCP_ALLOWED_ORIGINS, or the name of this server to MCP_ALLOWED_HOSTS.",
  ]),
  NOT_FOUND: entry([404, -32601, false, false, "debug", "not_found", "There is nothing at {path}."]),
  UNKNOWN_TOOL: entry([404, -32602, false, false, "info", "unknown_tool", "Unknown tool: {tool}"]),
  METHOD_NOT_ALLOWED: entry([
    405,
    -32000,
    false,
    false,
    "debug",
    "method_not_allowed",
    "{method} is not supported here; use {allow}.",
  ]),
  NOT_ACCEPTABLE: entry([
    406,
    -32600,
    false,
    false,
    "info",
    "invalid_input",
    "This server answers JSON only. Send `Accept: application/json, text/event-stream`.",
  ]),
  PAYLOAD_TOO_LARGE: entry([413, -32600, true, false, "info", "too_large", "The body is larger than {limit}."]),
  UNSUPPORTED_MEDIA_TYPE: entry([
    415,
    -32600,
    false,
    false,
    "info",
    "invalid_input",
    "{reason} Send the body as `Content-Type: application/json`.",
  ]),
  RATE_LIMIT_EXCEEDED: entry([
    429,
    -32029,
    true,
    true,
    "warn",
    "rate_limited",
    "Rate limit exceeded. Try again in {retry_after} seconds.",
  ]),
  CLIENT_QUOTA_EXCEEDED: entry([
    429,
    -32029,
    true,
    true,
    "warn",
    "quota_exceeded",
    "Too much of this client waits for delivery already: {reason} Try again in {retry_after} seconds.",
  ]),
  INTERNAL_ERROR: entry([
    500,
    -32603,
    true,
    false,
    "error",
    "error",
    "Something went wrong inside the server; its log has the details under this request id.",
  ]),
  BRIDGE_REFUSED: entry([502, -32603, true, false, "error", "bridge_refused", "The bridge refused: {reason}."]),
  BRIDGE_UNAVAILABLE: entry([
    503,
    -32603,
    true,
    true,
    "error",
    "bridge_unavailable",
    "The Telegram bridge cannot be used now: {reason}. Try again; what was acknowledged is safe.",
  ]),
  TIMEOUT_ERROR: entry([
    504,
    -32603,
    true,
    true,
    "error",
    "timeout",
    "The Telegram bridge did not answer within {timeout_ms} ms. The message may or may not have been accepted.",
  ]),
});

export type ErrorCode = keyof typeof errors;

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An error from the catalogue. `details` fill the message and are shown to the client: never put secrets there. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(fill(errors[code].message, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  get entry(): ErrorEntry {
    return errors[this.code];
  }
}

/** Anything that was thrown, as an error of the catalogue; what is unknown becomes INTERNAL_ERROR without its text. */
export function toServerError(thrown: unknown): ServerError {
  return thrown instanceof ServerError ? thrown : new ServerError("INTERNAL_ERROR", {}, thrown);
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(details[name] ?? whole));
}
