import * as z from "zod";
import { type DeadLetterFate, manageDeadLetters } from "../../contract/dead-letters.ts";
import { type Client, permits } from "../access/client.ts";
import { defineTool } from "./tool.ts";

/** A client's own; with the permission `manage_dead_letters` anybody's. */
export const whoseFor = (client: Pick<Client, "permissions">): "any" | "own" =>
  permits(client, manageDeadLetters) ? "any" : "own";

type Words = { readonly title: string; readonly description: string; readonly done: string; readonly before: string };

/** A tool that settles a refused message. */
export function deadLetterTool(fate: DeadLetterFate, { title, description, done, before }: Words) {
  return defineTool({
    name: `${fate}_dead_letter`,
    title,
    description,
    permission: `${fate}_dead_letter`,
    rest: ["POST"],
    cost: 1,
    input: z.object({ id: z.int().min(1).describe("Of the message, as list_dead_letters tells it") }),
    output: z.object({
      success: z.boolean(),
      changed: z.boolean().describe("False: it was done before"),
      event_id: z.string(),
      message: z.string(),
    }),
    annotations: {
      readOnlyHint: false,
      destructiveHint: fate === "drop",
      idempotentHint: true,
      openWorldHint: fate === "retry",
    },
    async handler({ id }, { bridge, client }) {
      const request = { client: client.name, whose: whoseFor(client) };
      const { changed, event_id } = await bridge.monitoring.settleDeadLetter(fate, id, request);
      return { success: true, changed, event_id, message: changed ? done : before };
    },
  });
}
