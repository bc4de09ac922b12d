/** The stateless example of @modelcontextprotocol/sdk 1.x: a server and a transport for each request, with nothing on. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

const result = JSON.parse(process.argv[2] ?? "{}") as { structuredContent: Record<string, unknown> };

function serverOf(): McpServer {
  const server = new McpServer({ name: "bench", version: "1" });
  server.registerTool("get_bridge_status", { description: "status" }, async () => ({
    content: [{ type: "text", text: JSON.stringify(result.structuredContent, null, 2) }],
    structuredContent: result.structuredContent,
  }));
  return server;
}

const http = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const server = serverOf();
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on("close", () => void transport.close().then(() => server.close()));
  await server.connect(transport as unknown as Parameters<McpServer["connect"]>[0]);
  await transport.handleRequest(request, response, JSON.parse(Buffer.concat(chunks).toString()));
});
http.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp` }));
});
