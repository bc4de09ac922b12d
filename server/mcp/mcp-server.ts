import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { type ServerError, toServerError } from "../../contract/errors.ts";
import type { Tool, ToolResult } from "../tools/tool.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { toolFailure, toolResult } from "./tool-result.ts";

const serverName = "cctelegram-mcp-server";

/** What the server offers to the one client that it is made for. */
export type McpServerOptions = {
  readonly version: string;
  list(): readonly Tool[];
  /** Throws errors of the catalogue. */
  call(tool: string, args: unknown): Promise<ToolResult>;
};

// The SDK makes one for each server otherwise, which costs more than the whole request. It holds nothing of a client's.
const jsonSchemaValidator = new AjvJsonSchemaValidator();

/**
 * An MCP server for one client. It is made for each request: a server or transport that two clients share mixes up
 * their answers (CVE-2026-25536).
 */
export function createMcpServer({ version, list, call }: McpServerOptions): Server {
  const server = new Server({ name: serverName, version }, { capabilities: { tools: {} }, jsonSchemaValidator });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: list().map(listingOf) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    try {
      return toolResult(await call(params.name, params.arguments));
    } catch (thrown) {
      const error = toServerError(thrown);
      if (error.entry.isError) return toolFailure(error);
      throw protocolError(error);
    }
  });
  return server;
}

/** The SDK takes code and data from whatever is thrown; its own McpError would put its code into the message, too. */
function protocolError({ entry, message, code }: ServerError): Error {
  return Object.assign(new Error(message), { code: entry.jsonRpcCode, data: { code } });
}
