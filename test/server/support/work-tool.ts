import * as z from "zod";
import { text } from "../../../server/features/content.ts";
import { type Features, features } from "../../../server/features/features.ts";
import { defineContentTool, type ToolContext } from "../../../server/tools/tool.ts";

/** What a server offers that has nothing but the tool `work`, which does what the test says. */
export function workFeatures(work: (context: ToolContext) => Promise<string>): Features {
  const tool = defineContentTool({
    name: "work",
    title: "Work",
    description: "Does what the test says.",
    permission: "work",
    rest: ["POST"],
    cost: 1,
    input: z.object({}),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    handler: async (_args, context) => ({ content: [text(await work(context))] }),
  });
  return { ...features, tools: new Map([[tool.name, tool]]) };
}
