import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { ServerError } from "../../contract/errors.ts";
import type { ToolResult } from "../tools/tool.ts";

/** A tool's result for MCP: structured, and as text with two spaces for clients that know only text. */
export function toolResult(result: ToolResult): CallToolResult {
  return { content: [textOf(result)], structuredContent: { ...result } };
}

/** An error that the model can read and react to (SEP-1303). */
export function toolFailure({ code, message, details }: ServerError): CallToolResult {
  return { content: [textOf({ error: true, code, message, metadata: details })], isError: true };
}

function textOf(value: object): { type: "text"; text: string } {
  return { type: "text", text: JSON.stringify(value, null, 2) };
}
