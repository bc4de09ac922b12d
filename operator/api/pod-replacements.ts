import * as z from "zod";

/** What the operator remembers, so that its limit holds over a restart. */
export const podReplacements = z.strictObject({
  template: z.string().max(63).describe("Hash of the pods' template for which they are counted."),
  count: z
    .int()
    .min(0)
    .describe("Server pods of this template that were replaced because they failed where others did not."),
  lastPod: z.string().max(63).describe("Uid of the last one."),
});

export type PodReplacements = z.infer<typeof podReplacements>;
