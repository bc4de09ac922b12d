import * as z from "zod";
import { rules } from "./schema.ts";

const seconds = (min: number, max: number) => z.int().min(min).max(max);

/** CEL. The definition's own default of the whole group is checked before its fields have theirs. */
const isBlueGreen = "(has(self.strategy) && self.strategy == 'BlueGreen')";

const metrics = z
  .strictObject({
    maxErrorPercent: z
      .int()
      .min(0)
      .max(99)
      .optional()
      .describe("The share of calls that may be answered with 5xx. Default: it is not looked at."),
    latency: z
      .strictObject({
        percentile: z
          .int()
          .min(50)
          .max(99)
          .default(95)
          .describe("The share of calls that has to be answered in time, in percent."),
        maxMilliseconds: z.int().min(1).max(10_000).describe("The time in which they have to be answered."),
      })
      .optional()
      .describe("How long calls may take; streams on which clients listen do not count. Default: it is not looked at."),
    minCalls: z
      .int()
      .min(1)
      .max(100_000)
      .default(20)
      .describe("So many calls at least are judged: with fewer the analysis goes on."),
  })
  .meta(
    rules({
      rule: "has(self.maxErrorPercent) || has(self.latency)",
      message: "metrics needs maxErrorPercent, latency or both: else there is nothing to judge",
    }),
  );

const analysis = z.strictObject({
  durationSeconds: seconds(5, 3600).describe("How long the new version is called before clients reach it."),
  maxErrorPercent: z
    .int()
    .min(0)
    .max(99)
    .default(0)
    .describe("The share of these calls that may fail. One more, and the new version is rolled back."),
  metrics: metrics
    .optional()
    .describe(
      "What the new version's pods count has to be within these limits, too: before the switch that of the operator's calls, and after it, as long as the old version's pods are kept, that of all clients'. Health checks are no calls.",
    ),
});

export const rolloutSpec = z
  .strictObject({
    strategy: z
      .enum(["RollingUpdate", "BlueGreen"])
      .default("RollingUpdate")
      .describe(
        "RollingUpdate: server pods are replaced one by one. BlueGreen: the new version starts beside the old one, is tried, and then takes all clients at once.",
      ),
    promotion: z
      .enum(["Automatic", "Manual"])
      .default("Automatic")
      .describe(
        "BlueGreen only. Manual: a version that was tried waits until the annotation cctelegram.io/promote names its revision.",
      ),
    onFailure: z
      .enum(["Rollback", "Stop"])
      .default("Rollback")
      .describe(
        "Rollback: a version that fails gives way to the last good one, and is not tried again until the spec changes. Stop: it is left as it is.",
      ),
    progressDeadlineSeconds: seconds(10, 86_400)
      .default(600)
      .describe(
        "How long new pods may take to become ready, and to pass what is tried, before the version has failed.",
      ),
    keepPreviousSeconds: seconds(0, 86_400)
      .default(300)
      .describe(
        "BlueGreen only. How long the old version's pods stay after the switch. If the new one fails meanwhile, clients go back to them at once.",
      ),
    analysis: analysis
      .optional()
      .describe("BlueGreen only. Calls of the new version before the switch. Default: one that succeeds."),
    beforeUpgrade: z
      .enum(["Nothing", "Backup"])
      .default("Nothing")
      .describe(
        "Backup: another image waits until a CCTelegramBackup that is made for it has succeeded. It goes to backup.target.",
      ),
    revisionHistoryLimit: z
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe("How many former revisions are kept, to which cctelegram.io/undo can go back."),
  })
  .meta(
    rules(
      {
        rule: `!has(self.promotion) || self.promotion != 'Manual' || ${isBlueGreen}`,
        message: "promotion Manual needs strategy BlueGreen: pods that are replaced one by one cannot wait for a word",
      },
      {
        rule: `!has(self.analysis) || ${isBlueGreen}`,
        message: "analysis needs strategy BlueGreen: without it nothing can be called before clients reach it",
      },
    ),
  );

const revisionNumber = () => z.int().min(1);

const revision = z.strictObject({
  revision: revisionNumber().describe("Its number; it grows with each change of the server's pods."),
  template: z
    .string()
    .max(16)
    .describe("Hash of its pod template, as in the name of the ControllerRevision that keeps it."),
  image: z.string().max(1024).describe("Image of its pods."),
  outcome: z
    .enum(["Waiting", "RollingOut", "Previewing", "Active", "Previous", "Superseded", "RolledBack", "Failed"])
    .describe(
      "What became of it. Previewing: it is tried beside the active one. Previous: its pods are kept for a while.",
    ),
  message: z.string().max(1024).describe("What it changes, or why it was rolled back."),
  since: z.iso.datetime().describe("Since when the outcome is so."),
});

export const rolloutStatus = z.strictObject({
  revision: revisionNumber().optional().describe("The last good revision, which clients reach."),
  target: revisionNumber().optional().describe("The revision that is being rolled out; absent when none is."),
  tried: revisionNumber().optional().describe("The target, once it has passed its trial and waits for promotion."),
  previous: revisionNumber().optional().describe("The revision whose pods are kept beside the active ones."),
  track: z.enum(["blue", "green"]).optional().describe("The track that clients reach, with strategy BlueGreen."),
  moving: z
    .strictObject({
      since: z.iso.datetime().describe("Since when."),
      problem: z.string().max(1024).optional().describe("Why it takes longer than progressDeadlineSeconds."),
    })
    .optional()
    .describe("The strategy has changed, and servers move to the pods of the other one; absent while none do."),
  rejected: z
    .strictObject({
      key: z.string().max(64).describe("Hash of what the spec asks for."),
      cause: z.enum(["RolledBack", "Undone"]).describe("Why it is not tried."),
    })
    .optional()
    .describe("What the spec asks for, while that is not tried until it changes."),
  undone: z.string().max(64).optional().describe("The last value of cctelegram.io/undo that was followed."),
  revisions: z
    .array(revision)
    .max(32)
    .optional()
    .describe("The revisions that are kept, oldest first.")
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["revision"] }),
});

export type Revision = z.infer<typeof revision>;
export type RolloutStatus = z.infer<typeof rolloutStatus>;
