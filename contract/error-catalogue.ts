/** Everything that any part needs to report an error. */
export type ErrorEntry = {
  /** Status of REST answers, of the bridge's answers, and of /mcp answers that never reach the protocol. */
  readonly httpStatus: number;
  /**
   * Code of JSON-RPC answers: that of JSON-RPC or MCP where one of them has one, else the HTTP status, because MCP keeps the
   * range of JSON-RPC's implementations for itself (MCP 2026-07-28, Error Codes).
   */
  readonly jsonRpcCode: number;
  /** True: MCP reports it as a tool result with `isError`, so that the model can correct itself (SEP-1303). */
  readonly isError: boolean;
  /** True: the same request may succeed later. */
  readonly retryable: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** Value of the `outcome` label of mcp_tool_calls_total. */
  readonly metricLabel: string;
  /** What the server tells a client. `{name}` is replaced from the error's details. */
  readonly message: string;
  /** What the bridge tells the server under this code; a code without it is never the bridge's. */
  readonly bridgeMessage?: string;
};

/** Every error of server and bridge that a client of the server, or the server as the client of the bridge, can meet: by its stable code. */
export const errors = Object.freeze({
  VALIDATION_ERROR: {
    httpStatus: 400,
    jsonRpcCode: -32602,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "Invalid input: {problems}.",
    bridgeMessage: "The request is not valid: {problems}",
  },
  MALFORMED_JSON: {
    httpStatus: 400,
    jsonRpcCode: -32700,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "The body is not valid JSON: {reason}.",
  },
  INVALID_REQUEST: {
    httpStatus: 400,
    jsonRpcCode: -32600,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "The request is not valid: {reason}.",
  },
  AUTHENTICATION_ERROR: {
    httpStatus: 401,
    jsonRpcCode: 401,
    isError: false,
    retryable: false,
    logLevel: "warn",
    metricLabel: "unauthenticated",
    message: "{reason} Send a valid key as `X-API-Key: KEY` or `Authorization: Bearer KEY`.",
    bridgeMessage: "The request's signature does not count: {reason}.",
  },
  ACCESS_TOKEN_REQUIRED: {
    httpStatus: 401,
    jsonRpcCode: 401,
    isError: false,
    retryable: false,
    logLevel: "warn",
    metricLabel: "unauthenticated",
    message: "{reason} Sign in for an access token: {resource_metadata} names the server that gives them out.",
  },
  AUTHORIZATION_SERVER_UNAVAILABLE: {
    httpStatus: 503,
    jsonRpcCode: 503,
    isError: false,
    retryable: true,
    logLevel: "error",
    metricLabel: "authorization_unavailable",
    message: "Access tokens cannot be checked now, because of the authorization server: {reason}. Try again later.",
  },
  INSUFFICIENT_SCOPE: {
    httpStatus: 403,
    jsonRpcCode: 403,
    isError: true,
    retryable: false,
    logLevel: "warn",
    metricLabel: "forbidden",
    message:
      "The access token of '{client}' does not permit '{tool}'. Ask for a token with the scope '{required_scope}', too.",
  },
  UNAUTHORIZED_TOOL: {
    httpStatus: 403,
    jsonRpcCode: 403,
    isError: true,
    retryable: false,
    logLevel: "warn",
    metricLabel: "forbidden",
    message: "Client '{client}' may not call '{tool}'. Ask for the permission '{permission}' for this key.",
  },
  FORBIDDEN_ORIGIN: {
    httpStatus: 403,
    jsonRpcCode: 403,
    isError: false,
    retryable: false,
    logLevel: "warn",
    metricLabel: "forbidden",
    message:
      "This Origin or Host is not allowed. Add the page's origin to MCP_ALLOWED_ORIGINS, or the name of this server to MCP_ALLOWED_HOSTS.",
  },
  NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: -32601,
    isError: false,
    retryable: false,
    logLevel: "debug",
    metricLabel: "not_found",
    message: "There is nothing at {path}.",
    bridgeMessage: "There is nothing at this path and method.",
  },
  METHOD_NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: -32601,
    isError: false,
    retryable: false,
    logLevel: "debug",
    metricLabel: "not_found",
    message: "MCP {version} has no method '{method}' on this server.",
  },
  INVALID_PARAMS: {
    httpStatus: 400,
    jsonRpcCode: -32602,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "The parameters are not valid: {problems}.",
  },
  SESSION_REQUIRED: {
    httpStatus: 400,
    jsonRpcCode: -32600,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message:
      "There is no session: send `initialize` first, then its Mcp-Session-Id with every request; or send what MCP 2026-07-28 asks for, which has no sessions.",
  },
  SESSION_NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: 404,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "This session has ended or is not this client's: begin a new one with `initialize`.",
  },
  HEADER_MISMATCH: {
    httpStatus: 400,
    jsonRpcCode: -32020,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "Header mismatch: {problem}.",
  },
  CLIENT_CAPABILITY_REQUIRED: {
    httpStatus: 400,
    jsonRpcCode: -32021,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "This request needs a capability that the client has not declared: {missing}.",
  },
  CLIENT_REFUSED: {
    httpStatus: 424,
    jsonRpcCode: 424,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "client_refused",
    message: "The client was asked for {method} and gave no answer: {reason}.",
  },
  UNSUPPORTED_PROTOCOL_VERSION: {
    httpStatus: 400,
    jsonRpcCode: -32022,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "Unsupported protocol version: this server speaks {supported}.",
  },
  RESOURCE_NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: -32602,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "not_found",
    message: "Resource not found: {uri}",
  },
  UNKNOWN_PROMPT: {
    httpStatus: 404,
    jsonRpcCode: -32602,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "not_found",
    message: "Unknown prompt: {prompt}",
  },
  UNKNOWN_TOOL: {
    httpStatus: 404,
    jsonRpcCode: -32602,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "unknown_tool",
    message: "Unknown tool: {tool}",
  },
  EVENT_NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: -32602,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "not_found",
    message: "This client has no such event. An event is known for 24 hours after its delivery.",
    bridgeMessage: "The client has no such event, or not any more.",
  },
  DEAD_LETTER_NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: -32602,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "not_found",
    message:
      "There is no such refused message, or not any more: it was dropped, sent after all, or is another client's. list_dead_letters tells of those that you may settle.",
    bridgeMessage: "There is no such refused message, or not any more.",
  },
  APPROVAL_NOT_FOUND: {
    httpStatus: 404,
    jsonRpcCode: -32602,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "not_found",
    message: "This client has no such approval. An approval is known for 30 days.",
    bridgeMessage: "The client has no such approval, or not any more.",
  },
  APPROVAL_CONFLICT: {
    httpStatus: 409,
    jsonRpcCode: -32602,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "conflict",
    message: "{problem}",
    bridgeMessage: "{problem}",
  },
  APPROVALS_UNAVAILABLE: {
    httpStatus: 409,
    jsonRpcCode: -32603,
    isError: true,
    retryable: false,
    logLevel: "warn",
    metricLabel: "approvals_unavailable",
    message:
      "Nobody could answer: this bridge does not receive what people say. Set telegram.updates of the resource (TELEGRAM_UPDATES of the bridge) to Polling or Webhook.",
    bridgeMessage:
      "Nobody could answer: this bridge does not receive what people say. Set telegram.updates of the resource (TELEGRAM_UPDATES of the bridge) to Polling or Webhook.",
  },
  METHOD_NOT_ALLOWED: {
    httpStatus: 405,
    jsonRpcCode: 405,
    isError: false,
    retryable: false,
    logLevel: "debug",
    metricLabel: "method_not_allowed",
    message: "{method} is not supported here; use {allow}.",
  },
  NOT_ACCEPTABLE: {
    httpStatus: 406,
    jsonRpcCode: -32600,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "The answer to this is {type}. Send `Accept: application/json, text/event-stream`.",
  },
  PAYLOAD_TOO_LARGE: {
    httpStatus: 413,
    jsonRpcCode: -32600,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "too_large",
    message: "The body is larger than {limit}.",
    bridgeMessage: "A request may have {limit}.",
  },
  RELAY_LIMIT_EXCEEDED: {
    httpStatus: 413,
    jsonRpcCode: -32603,
    isError: true,
    retryable: false,
    logLevel: "warn",
    metricLabel: "too_large",
    message: "The servers cannot tell each other this: {reason}.",
    bridgeMessage: "The relay does not take this: {reason}",
  },
  UNKNOWN_PERSON: {
    httpStatus: 400,
    jsonRpcCode: -32602,
    isError: true,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "Nobody with the Telegram id {reason} gets messages here: take an id from the allowed users.",
    bridgeMessage: "Nobody with the Telegram id {reason} gets messages from this bridge.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    httpStatus: 415,
    jsonRpcCode: -32600,
    isError: false,
    retryable: false,
    logLevel: "info",
    metricLabel: "invalid_input",
    message: "{reason} Send the body as `Content-Type: application/json`.",
  },
  RATE_LIMIT_EXCEEDED: {
    httpStatus: 429,
    jsonRpcCode: 429,
    isError: true,
    retryable: true,
    logLevel: "warn",
    metricLabel: "rate_limited",
    message: "Rate limit exceeded. Try again in {retry_after} seconds.",
  },
  ADDRESS_BANNED: {
    httpStatus: 429,
    jsonRpcCode: 429,
    isError: true,
    retryable: true,
    logLevel: "warn",
    metricLabel: "banned",
    message: "{reason} Try again in {retry_after} seconds, or ask an administrator to lift the ban (lift_ban).",
  },
  CLIENT_QUOTA_EXCEEDED: {
    httpStatus: 429,
    jsonRpcCode: 429,
    isError: true,
    retryable: true,
    logLevel: "warn",
    metricLabel: "quota_exceeded",
    message: "Too much of this client waits for delivery already: {reason} Try again in {retry_after} seconds.",
    bridgeMessage: "{problem}",
  },
  INTERNAL_ERROR: {
    httpStatus: 500,
    jsonRpcCode: -32603,
    isError: true,
    retryable: false,
    logLevel: "error",
    metricLabel: "error",
    message: "Something went wrong inside the server; its log has the details under this request id.",
    bridgeMessage: "Something went wrong inside the bridge; see its log.",
  },
  BRIDGE_REFUSED: {
    httpStatus: 502,
    jsonRpcCode: -32603,
    isError: true,
    retryable: false,
    logLevel: "error",
    metricLabel: "bridge_refused",
    message: "The bridge refused: {reason}.",
  },
  BRIDGE_UNAVAILABLE: {
    httpStatus: 503,
    jsonRpcCode: -32603,
    isError: true,
    retryable: true,
    logLevel: "error",
    metricLabel: "bridge_unavailable",
    message: "The Telegram bridge cannot be used now: {reason}. Try again; what was acknowledged is safe.",
    bridgeMessage: "{problem}",
  },
  SERVER_OVERLOADED: {
    httpStatus: 503,
    jsonRpcCode: -32603,
    isError: false,
    retryable: true,
    logLevel: "warn",
    metricLabel: "overloaded",
    message: "The server is too busy, and nothing was done. Try again in {retry_after} seconds.",
  },
  REMOTE_UNAVAILABLE: {
    httpStatus: 503,
    jsonRpcCode: -32603,
    isError: false,
    retryable: true,
    logLevel: "warn",
    metricLabel: "remote_unavailable",
    message: "The CCTelegram server at {url} cannot be used: {reason}.",
  },
  TIMEOUT_ERROR: {
    httpStatus: 504,
    jsonRpcCode: -32603,
    isError: true,
    retryable: true,
    logLevel: "error",
    metricLabel: "timeout",
    message:
      "The Telegram bridge did not answer within {timeout_ms} ms. The message may or may not have been accepted.",
  },
  SERVER_STOPPED: {
    httpStatus: 503,
    jsonRpcCode: -32603,
    isError: true,
    retryable: true,
    logLevel: "warn",
    metricLabel: "server_stopped",
    message:
      "The server stopped before this was finished. Connect again and repeat it; what it had begun to do may have been done.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>);

/** What only a proxy in front of the server answers with (docs/proxies), in the form of the server's errors. */
export const proxyErrors = Object.freeze({
  REQUEST_TIMEOUT: {
    httpStatus: 408,
    retryable: true,
    message: "The request did not arrive in time.",
  },
  SERVER_UNAVAILABLE: {
    httpStatus: 503,
    retryable: true,
    message:
      "The server cannot be reached now. Try again; the message of a call that was cut off may have been accepted.",
  },
} satisfies Readonly<Record<string, Pick<ErrorEntry, "httpStatus" | "retryable" | "message">>>);

/** What the roles `backup` and `restore` end with. Retryable: the same may succeed later without anybody's doing. */
export const backupErrors = Object.freeze({
  BACKUP_CONFIGURATION: {
    retryable: false,
    message: "The configuration cannot be used: {problems}",
  },
  BACKUP_BRIDGE_UNREACHABLE: {
    retryable: true,
    message: "The bridge at {url} does not answer: {reason}. See that it runs and that BRIDGE_URL leads to it.",
  },
  BACKUP_BRIDGE_REFUSED: {
    retryable: false,
    message:
      "The bridge at {url} gives no backup: {reason}. HMAC_SECRET has to be the bridge's, and the bridge at least of this version.",
  },
  BACKUP_SNAPSHOT_INCOMPLETE: {
    retryable: true,
    message: "The bridge's snapshot ended before its end: {reason}. Try again; the bridge may have restarted.",
  },
  BACKUP_SECRETS_IN_THE_CLEAR: {
    retryable: false,
    message:
      "{entry} holds a secret, and the archive would not be encrypted. Set BACKUP_RECIPIENTS to age recipients, or leave the secrets out.",
  },
  BACKUP_TARGET_UNUSABLE: {
    retryable: false,
    message: "{target} cannot be used: {reason}. Create the folder, and let this user write there.",
  },
  BACKUP_TARGET_FULL: {
    retryable: true,
    message: "There is no room at {target}: {reason}. Make room there, or keep fewer archives.",
  },
  BACKUP_EXISTS: {
    retryable: false,
    message:
      "{location} was there before this backup was asked for, and stays as it is. Make a backup of another name, or delete that archive.",
  },
  BACKUP_CREDENTIALS_REFUSED: {
    retryable: false,
    message:
      "The store at {endpoint} refuses the credentials: {reason}. S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY need the right to list, read, write and delete in the bucket.",
  },
  BACKUP_BUCKET_NOT_FOUND: {
    retryable: false,
    message: "The store at {endpoint} has no bucket '{bucket}'. Create it, or correct the target.",
  },
  BACKUP_STORE_UNREACHABLE: {
    retryable: true,
    message:
      "The store at {endpoint} cannot be reached: {reason}. See S3_ENDPOINT, S3_CA_FILE, HTTPS_PROXY, NO_PROXY and the network's rules.",
  },
  BACKUP_STORE_FAILED: {
    retryable: true,
    message: "The store at {endpoint} failed: {reason}.",
  },
  BACKUP_NOT_FOUND: {
    retryable: false,
    message: "There is no archive at {location}. See RESTORE_SOURCE, and whether retention has deleted it.",
  },
  BACKUP_FOREIGN: {
    retryable: false,
    message: "{location} is no archive of CCTelegram: {reason}. Nothing was restored.",
  },
  BACKUP_BROKEN: {
    retryable: false,
    message: "{location} is damaged: {reason}. Nothing was restored; take another archive.",
  },
  BACKUP_NEWER: {
    retryable: false,
    message: "{location} was made by a newer version: {reason}. Nothing was restored; restore it with that version.",
  },
  BACKUP_ENCRYPTED: {
    retryable: false,
    message:
      "{location} is encrypted: {reason}. Set RESTORE_IDENTITY_FILE to the file with the age identity of one of its recipients.",
  },
  BACKUP_VERIFICATION_FAILED: {
    retryable: true,
    message:
      "The archive {location} was stored, and cannot be restored: {reason}. It was deleted; older ones are kept.",
  },
  RESTORE_DIRECTORY_NOT_EMPTY: {
    retryable: false,
    message:
      "{directory} holds {what}, and is left as it is. Restore into an empty directory, or move what is there away.",
  },
  RESTORE_DIRECTORY_UNUSABLE: {
    retryable: false,
    message: "{directory} cannot be restored into: {reason}. Let this user write there, and make room.",
  },
  BACKUP_FAILED: {
    retryable: true,
    message: "Something went wrong that should not: {reason}.",
  },
} satisfies Readonly<Record<string, Pick<ErrorEntry, "retryable" | "message">>>);

export type ErrorCode = keyof typeof errors;

/** Codes that the bridge answers with. */
export type BridgeErrorCode = {
  [Code in ErrorCode]: (typeof errors)[Code] extends { bridgeMessage: string } ? Code : never;
}[ErrorCode];

/** Codes that the roles `backup` and `restore` end with. */
export type BackupErrorCode = keyof typeof backupErrors;

export type ErrorDetails = Readonly<Record<string, unknown>>;
