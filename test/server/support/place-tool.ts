import * as z from "zod";
import { text } from "../../../server/features/content.ts";
import { defineContentTool } from "../../../server/tools/tool.ts";

/** Takes parameters that headers repeat over HTTP (MCP 2026-07-28, Custom Headers). */
export const place = defineContentTool({
  name: "place",
  title: "Place",
  description: "Takes parameters that headers repeat.",
  permission: "place",
  rest: ["POST"],
  cost: 1,
  input: z.looseObject({}),
  listedInput: {
    type: "object",
    properties: {
      region: { type: "string", "x-mcp-header": "Region" },
      count: { type: "integer", "x-mcp-header": "Count" },
      urgent: { type: "boolean", "x-mcp-header": "Urgent" },
      at: { type: "object", properties: { town: { type: "string", "x-mcp-header": "Town" } } },
      plain: { type: "string" },
    },
  },
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  handler: async () => ({ content: [text("done")] }),
});
