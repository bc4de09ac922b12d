import * as z from "zod";
import { quantity, quantityAt, type Rule } from "./schema.ts";

export const storageGrowth = z.strictObject({
  mode: z
    .enum(["Auto", "Disabled"])
    .default("Auto")
    .describe(
      "Auto: a volume that is nearly full, or will be within three days, is grown by half, where its class can (allowVolumeExpansion). A volume never shrinks.",
    ),
  maxSize: quantity().optional().describe("The volume is grown up to this. Default: four times size."),
  thresholdPercent: z
    .int()
    .min(50)
    .max(95)
    .default(80)
    .describe("A volume of which more is in use is nearly full, in percent."),
});

export const storageGrowthRules: readonly Rule[] = [
  {
    rule: `!has(self.growth) || !has(self.growth.maxSize) || ${quantityAt("self.growth.maxSize")}.compareTo(${quantityAt("self.size")}) >= 0`,
    message: "growth.maxSize must not be smaller than size: raise it, or leave it out",
  },
];
