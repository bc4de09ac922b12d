import * as z from "zod";
import { toldEventTypes } from "../../contract/event-types.ts";
import { readingAnnotations } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const listEventTypes = defineTool({
  name: "list_event_types",
  title: "List the event types",
  description: "The types of event that send_telegram_event takes, with category and meaning.",
  permission: "list_event_types",
  rest: ["GET", "POST"],
  cost: 1,
  input: z.object({
    category: z
      .string()
      .max(100)
      .optional()
      .describe("Part of a category's name, or of a type's where no category has it, in any case; all when not given"),
  }),
  output: z.object({
    count: z.number(),
    event_types: z.array(z.object({ type: z.string(), category: z.string(), description: z.string() })),
  }),
  annotations: readingAnnotations,
  async handler({ category = "" }) {
    const event_types = matching(category.toLowerCase());
    return { count: event_types.length, event_types: [...event_types] };
  },
});

function matching(word: string) {
  const inCategory = toldEventTypes.filter(({ category }) => category.toLowerCase().includes(word));
  return inCategory.length > 0 ? inCategory : toldEventTypes.filter(({ type }) => type.includes(word));
}
