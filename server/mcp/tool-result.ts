import type { ServerError } from "../../contract/errors.ts";
import { type Content, text } from "../features/content.ts";
import type { ToolResult } from "../tools/tool.ts";

/** What `tools/call` answers (MCP schema, CallToolResult). */
export type CallToolResult = {
  readonly content: readonly Content[];
  readonly structuredContent?: object;
  readonly isError?: boolean;
};

/** A tool's result for MCP: structured, and as text with two spaces for clients that know only text. */
export function toolResult(result: ToolResult): CallToolResult {
  if ("content" in result) return result;
  const { structured } = result;
  return { content: [text(JSON.stringify(structured, null, 2))], structuredContent: structured };
}

/** An error that the model can read and react to (SEP-1303). */
export function toolFailure({ code, message, details }: ServerError): CallToolResult {
  const failure = { error: true, code, message, metadata: details };
  return { content: [text(JSON.stringify(failure, null, 2))], isError: true };
}
