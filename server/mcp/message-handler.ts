import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createMcpServer, type McpServerOptions } from "./mcp-server.ts";

export type McpRequest = {
  readonly protocolVersion: string | undefined;
  /** The parsed message: one, not a batch. */
  readonly message: unknown;
};

/** Answers one message of streamable HTTP, without a session: any replica can answer any request. */
export async function handleMessage(
  { protocolVersion, message }: McpRequest,
  options: McpServerOptions,
): Promise<Response> {
  const server = createMcpServer(options);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(webRequest(protocolVersion), { parsedBody: message });
  } finally {
    await server.close();
  }
}

// The transport looks at the media types, which are judged already, and the protocol's version; the body is given to it parsed.
function webRequest(protocolVersion: string | undefined): Request {
  const headers = new Headers({ accept: "application/json, text/event-stream", "content-type": "application/json" });
  if (protocolVersion !== undefined) headers.set("mcp-protocol-version", protocolVersion);
  return new Request("http://localhost/mcp", { method: "POST", headers });
}
