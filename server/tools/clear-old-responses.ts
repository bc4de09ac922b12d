import * as z from "zod";
import { permits } from "../access/client.ts";
import { defineTool } from "./tool.ts";

export const clearOldResponses = defineTool({
  name: "clear_old_responses",
  title: "Clear old responses",
  description:
    'Delete what people said longer ago than some hours: answers to this client\'s messages, and with the permission "*" also what answers no message. It cannot be undone.',
  permission: "clear_old_responses",
  rest: ["DELETE", "POST"],
  cost: 5,
  limit: 20,
  input: z.object({
    older_than_hours: z.number().min(1).max(8760).default(24).describe("How old, in hours, is too old"),
  }),
  output: z.object({ deleted_count: z.number(), message: z.string() }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  async handler({ older_than_hours }, { bridge, client, clock }) {
    const deleted_count = await bridge.clearResponses({
      client: client.name,
      until: new Date(clock() - older_than_hours * 3_600_000).toISOString(),
      // It is everybody's: who may do only some things may not take it from the others.
      unclaimed: permits(client, "*") ? "true" : "false",
    });
    return { deleted_count, message: `Cleared ${deleted_count} old responses` };
  },
});
