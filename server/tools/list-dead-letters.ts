import * as z from "zod";
import { deadLetterSchema, mostDeadLetters } from "../../contract/dead-letters.ts";
import { whoseFor } from "./dead-letter.ts";
import { readingAnnotations } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const listDeadLetters = defineTool({
  name: "list_dead_letters",
  title: "List refused messages",
  description:
    "The messages that Telegram refused for good, newest first, with the reason: this client's, and with the permission manage_dead_letters everybody's.",
  permission: "list_dead_letters",
  rest: ["GET", "POST"],
  cost: 1,
  input: z.object({
    limit: z.int().min(1).max(mostDeadLetters).default(20).describe(`How many, at most ${mostDeadLetters}`),
    before: z.int().min(1).optional().describe("next_before of the answer before: for the ones that are older"),
  }),
  output: z.object({
    count: z.number(),
    dead_letters: z.array(deadLetterSchema),
    next_before: z.number().optional().describe("There are older ones: give it as `before`"),
  }),
  annotations: readingAnnotations,
  async handler({ limit, before }, { bridge, client }) {
    const found = await bridge.monitoring.deadLetters({
      limit,
      ...(before !== undefined && { before }),
      ...(whoseFor(client) === "own" && { client: client.name }),
    });
    const { dead_letters, next_before } = found;
    return {
      count: dead_letters.length,
      dead_letters: [...dead_letters],
      ...(next_before !== undefined && { next_before }),
    };
  },
});
