import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpServer, type McpServerOptions } from "./mcp-server.ts";

export type McpRequest = {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed body. */
  readonly body: unknown;
};

/** Answers one POST of streamable HTTP, without a session: any replica can answer any request. */
export async function answer(request: McpRequest, options: McpServerOptions): Promise<Response> {
  const server = createMcpServer(options);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(webRequest(request), { parsedBody: request.body });
  } finally {
    await server.close();
  }
}

// The transport looks at the media types and the protocol's version alone; the body is given to it parsed.
function webRequest({ headers }: McpRequest): Request {
  const init: Record<string, string> = { accept: acceptOf(headers.accept), "content-type": "application/json" };
  const version = headers["mcp-protocol-version"];
  if (typeof version === "string") init["mcp-protocol-version"] = version;
  return new Request("http://localhost/mcp", { method: "POST", headers: init });
}

/** A client that accepts anything accepts both media types that the transport insists on (RFC 9110, 12.5.1). */
function acceptOf(accept: string | string[] | undefined): string {
  const both = "application/json, text/event-stream";
  return typeof accept === "string" && !accept.includes("*/*") ? accept : both;
}
