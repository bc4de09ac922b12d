import * as z from "zod";
import type { AttentionMode } from "../../contract/attention.ts";
import { defineTool, type Tool } from "./tool.ts";

type ModeTool = {
  readonly mode: AttentionMode;
  /** Of the tool, and so of its permission. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly message: string;
};

/** A tool that sets the mode of people. */
export function modeTool({ mode, message, description, ...named }: ModeTool): Tool {
  return defineTool({
    ...named,
    description: `${description} For everybody who gets messages, or for the people in user_ids; they are told who has set it. It stays until another mode is set.`,
    permission: named.name,
    rest: ["POST"],
    cost: 1,
    input: z.object({
      user_ids: z
        .array(z.int().min(1))
        .refine(({ length }) => length >= 1 && length <= 100, "1 to 100 ids")
        .exactOptional()
        .describe("Telegram ids of those whose mode it is; all by default"),
    }),
    output: z.object({
      success: z.boolean(),
      message: z.string(),
      mode: z.enum([mode]),
      user_ids: z.array(z.int()).describe("The people who have this mode now"),
    }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    async handler(args, { bridge, client }) {
      const set = await bridge.attention.setModes({ client: client.name, mode, ...args });
      return { success: true, message, mode, user_ids: [...set.user_ids] };
    },
  });
}
