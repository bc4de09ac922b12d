import { code, page, table } from "./markdown.ts";

export type CatalogueEntry = {
  readonly httpStatus: number;
  readonly jsonRpcCode: number;
  readonly isError: boolean;
  readonly retryable: boolean;
  readonly logLevel: string;
  readonly metricLabel: string;
  readonly message: string;
};

const introduction = `Every error that a client of the server can meet, by its stable code. Messages may change; codes do not.

- **REST** (\`POST /tools/NAME\`, \`GET /tools\`, \`/health\`): the HTTP status below, and
  \`{"error": true, "code", "message", "details", "timestamp", "request_id"}\`.
- **MCP** (\`POST /mcp\`): once the message is known that an error answers, HTTP is 200, because clients end the session at another status. A call of a tool gets, where the third column says "tool
  result", a result with \`isError\` whose text holds \`code\`, \`message\` and \`metadata\`, so that the model can correct itself; everything else gets a JSON-RPC error with the code. Before that, as for a wrong
  key, a foreign web page or a body that is not read, the answer has the HTTP status below and a JSON-RPC error without id.
- **OAuth** (\`/.well-known/...\`, \`/register\`, \`/authorize\`, \`/token\`): 404 with \`{"error": "not_found", "error_description"}\`, which clients that look for a login show.
- \`RATE_LIMIT_EXCEEDED\` and \`BRIDGE_UNAVAILABLE\` carry \`Retry-After\` when a time is known. \`AUTHENTICATION_ERROR\` carries
  \`WWW-Authenticate\`, \`METHOD_NOT_ALLOWED\` carries \`Allow\`.

"Try again" means that the same request may succeed later. The outcome is the label of \`mcp_tool_calls_total\`.`;

/** The reference of the error catalogue. */
export function errorsPage(errors: Readonly<Record<string, CatalogueEntry>>): string {
  const rows = Object.entries(errors).map(([name, entry]) => [
    code(name),
    `${entry.httpStatus}`,
    entry.isError ? `tool result, ${entry.jsonRpcCode}` : `error ${entry.jsonRpcCode}`,
    entry.retryable ? "yes" : "no",
    code(entry.metricLabel),
    entry.logLevel,
    entry.message,
  ]);
  return page("Errors", "contract/errors.ts", [
    introduction,
    table(["Code", "HTTP", "MCP", "Try again", "Outcome", "Logged at", "Message"], rows),
  ]);
}
