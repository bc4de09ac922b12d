import type { ErrorEntry } from "../../contract/error-catalogue.ts";
import { code, page, table } from "./markdown.ts";

const introduction = `Every error that a client of the server, or the server as a client of the bridge, can meet: by its stable code. Messages may change;
codes do not.

- **REST** (\`/tools\`, \`/resources\`, \`/health\` and what describes them): the HTTP status below, and
  \`{"error": true, "code", "message", "details", "timestamp", "request_id"}\`.
- **MCP** (\`POST /mcp\`): once the message is known that an error answers, HTTP is 200, because clients end the session at another status. A call of a tool gets, where the column MCP says "tool
  result", a result with \`isError\` whose text holds \`code\`, \`message\` and \`metadata\`, so that the model can correct itself; everything else gets a JSON-RPC error with the code. Before that, as for a wrong
  key, a foreign web page or a body that is not read, the answer has the HTTP status below and a JSON-RPC error without id.
  The one exception is \`INSUFFICIENT_SCOPE\`, which comes with its HTTP status also in answer to a known message, because clients ask for the scope then.
- **OAuth** (\`/.well-known/...\`, \`/register\`, \`/authorize\`, \`/token\`): 404 with \`{"error": "not_found", "error_description"}\`, which clients that look for a login show.
- **Bridge** (\`/events\`, \`/status\`, \`/relay\`): the HTTP status below, and \`{"error": true, "code", "message", "request_id"}\`, with \`fields\` or a \`reason\`
  beside them. Which codes are the bridge's, and its words, are in the second table.
- \`RATE_LIMIT_EXCEEDED\`, \`ADDRESS_BANNED\`, \`SERVER_OVERLOADED\` and \`BRIDGE_UNAVAILABLE\` carry \`Retry-After\` when a time is known. \`AUTHENTICATION_ERROR\`, \`ACCESS_TOKEN_REQUIRED\` and \`INSUFFICIENT_SCOPE\` carry
  \`WWW-Authenticate\`, \`METHOD_NOT_ALLOWED\` carries \`Allow\`.

"Try again" means that the same request may succeed later. The outcome is the label of \`mcp_tool_calls_total\`.`;

type Entries<Entry> = Readonly<Record<string, Entry>>;

/** The reference of the error catalogue. */
export function errorsPage(
  errors: Entries<ErrorEntry>,
  proxyErrors: Entries<Pick<ErrorEntry, "httpStatus" | "retryable" | "message">>,
  backupErrors: Entries<Pick<ErrorEntry, "retryable" | "message">>,
): string {
  const rows = Object.entries(errors).map(([name, entry]) => [
    code(name),
    entry.bridgeMessage === undefined ? "server" : "server, bridge",
    `${entry.httpStatus}`,
    entry.isError ? `tool result, ${entry.jsonRpcCode}` : `error ${entry.jsonRpcCode}`,
    entry.retryable ? "yes" : "no",
    code(entry.metricLabel),
    entry.logLevel,
    entry.message,
  ]);
  const ofBridge = Object.entries(errors).flatMap(([name, { bridgeMessage }]) =>
    bridgeMessage === undefined ? [] : [[code(name), bridgeMessage]],
  );
  const ofProxy = Object.entries(proxyErrors).map(([name, { httpStatus, retryable, message }]) => [
    code(name),
    `${httpStatus}`,
    retryable ? "yes" : "no",
    message,
  ]);
  const ofBackup = Object.entries(backupErrors).map(([name, { retryable, message }]) => [
    code(name),
    retryable ? "yes" : "no",
    message,
  ]);
  return page("Errors", "contract/error-catalogue.ts", [
    introduction,
    table(["Code", "Answered by", "HTTP", "MCP", "Try again", "Outcome", "Logged at", "Message of the server"], rows),
    "## What the bridge says",
    "The server reads the status, and passes the message on as the reason of its own error.",
    table(["Code", "Message"], ofBridge),
    "## What a proxy says",
    "A proxy in front of the server with the configuration in [docs/proxies](../proxies/README.md) answers in the form of REST, with codes of the server and with these.",
    table(["Code", "HTTP", "Try again", "Message"], ofProxy),
    "## What a backup or a restore ends with",
    "The roles `backup` and `restore` end with one of these as their last words ([backup.md](../backup.md#the-outcome)).",
    table(["Code", "Try again", "Message"], ofBackup),
  ]);
}
