/** `createMcpHandler` of @modelcontextprotocol/server 2.x, with nothing on. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

const result = JSON.parse(process.argv[2] ?? "{}") as { structuredContent: Record<string, unknown> };

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "bench", version: "1" });
  server.registerTool("get_bridge_status", { description: "status" }, async () => ({
    content: [{ type: "text", text: JSON.stringify(result.structuredContent, null, 2) }],
    structuredContent: result.structuredContent,
  }));
  return server;
});
const answer = toNodeHandler(handler);
const http = createServer((request, response) => void answer(request as Parameters<typeof answer>[0], response));
http.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp` }));
});
