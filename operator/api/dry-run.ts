import * as z from "zod";

const change = z.strictObject({
  kind: z.string().max(63).describe("Kind of the object."),
  name: z.string().max(253).describe("Name of the object."),
  action: z
    .enum(["Create", "Change", "Delete", "Refused"])
    .describe("What would be done with it. Refused: the API server would not take it; fields has its words."),
  pods: z.enum(["Replaced"]).optional().describe("Replaced: its pods would be replaced."),
  fields: z
    .array(z.string().max(300))
    .max(20)
    .optional()
    .describe("Fields that would change, with their values; of Secrets without values."),
});

export const dryRunStatus = z.strictObject({
  changes: z.array(change).max(100).describe("Objects that would change; empty when nothing would."),
});

export type DryRunChange = z.infer<typeof change>;
