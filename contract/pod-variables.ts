/** Variables that the operator sets for server and bridge. `_FILE` names the file that holds the value. */
export type PodVariable =
  | "SERVICE_NAME"
  | "INSTANCE_ID"
  | "LOG_LEVEL"
  | "METRICS_PORT"
  | "SHUTDOWN_TIMEOUT"
  | "HMAC_SECRET_FILE"
  | "HMAC_SECRET_PREVIOUS_FILE"
  | "MCP_SERVER_PORT"
  | "MCP_SECOND_PORT"
  | "MCP_ENABLE_AUTH"
  | "MCP_API_KEYS_FILE"
  | "MCP_ENABLE_RATE_LIMIT"
  | "MCP_RATE_LIMIT_REQUESTS"
  | "MCP_RATE_LIMIT_WINDOW"
  | "MCP_RATE_LIMIT_BLOCK"
  | "BRIDGE_URL"
  | "BRIDGE_TIMEOUT"
  | "BRIDGE_PORT"
  | "CC_TELEGRAM_DATA_DIR"
  | "QUEUE_SIZE_LIMIT"
  | "TELEGRAM_BOT_TOKEN_FILE"
  | "TELEGRAM_ALLOWED_USERS"
  | "TELEGRAM_API_URL"
  | "TELEGRAM_UPDATES"
  | "TELEGRAM_RATE_LIMIT_GLOBAL"
  | "TELEGRAM_RATE_LIMIT_PER_CHAT"
  | "HTTP_PROXY"
  | "HTTPS_PROXY"
  | "NO_PROXY";

/** The variable whose value a `_FILE` variable leads to; every other is itself. */
export type VariableOf<Name extends string> = Name extends `${infer Base}_FILE` ? Base : Name;
