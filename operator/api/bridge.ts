import * as z from "zod";
import { logLevels } from "../../contract/log-levels.ts";
import { podTemplate, resources, variables } from "./pod.ts";
import { name, quantity, quantityAt, rules } from "./schema.ts";
import { rotationDays } from "./secrets.ts";
import { storageGrowth, storageGrowthRules } from "./storage-growth.ts";

const immutable = "cannot change: the volume claim of a StatefulSet is immutable";

const storage = z
  .strictObject({
    size: quantity()
      .default("1Gi")
      .describe(
        "Size of the volume that holds the queue. It may be raised, which grows the volume where its class can (allowVolumeExpansion), and not be lowered.",
      )
      .meta(
        rules(
          {
            rule: `${quantityAt("self")}.compareTo(${quantityAt("oldSelf")}) >= 0`,
            message: "size cannot be lowered: no volume shrinks. Keep the size, or use a new resource.",
          },
          { rule: `${quantityAt("self")}.isGreaterThan(quantity('0'))`, message: "size must be greater than 0" },
        ),
      ),
    storageClassName: name(253)
      .optional()
      .describe("StorageClass of the volume. Default: the cluster's default class."),
    retention: z
      .enum(["Delete", "Retain"])
      .default("Delete")
      .describe("What happens to the volume, and to messages still in it, when this resource is deleted."),
    growth: storageGrowth.prefault({}).describe("What happens when the volume is nearly full."),
  })
  .meta(
    rules(
      {
        rule: "has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
        message: `storageClassName ${immutable}`,
      },
      ...storageGrowthRules,
    ),
  );

export const bridgeSpec = z.strictObject({
  storage: storage.prefault({}).describe("The volume of the queue."),
  queue: z
    .strictObject({
      maxMessages: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .describe("Undelivered messages at which new events are refused with 503; no message is dropped."),
      deduplicationSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .optional()
        .describe(
          "For how long an event that says the same as another one of its client is not sent again. Default: it is sent.",
        ),
    })
    .prefault({})
    .describe("The queue of messages on the volume."),
  limits: z
    .strictObject({
      messagesPerSecond: z.int().min(1).max(1000).default(30).describe("Messages per second over all chats."),
      messagesPerChatPerSecond: z.int().min(1).max(30).default(1).describe("Messages per second to one chat."),
    })
    .prefault({})
    .describe("How fast the bridge sends. The defaults are Telegram's limits."),
  hmacRotationDays: rotationDays("the secret between server and bridge is replaced, without a refused call"),
  fencing: z
    .enum(["Open", "Fenced"])
    .default("Open")
    .describe(
      "Fenced: the bridge runs and accepts messages, but sends nothing to Telegram and reads nothing from it, until it is Open.",
    ),
  logLevel: z.enum(logLevels).default("info").describe("Lowest level that is logged."),
  resources: resources.optional().describe("CPU and memory of the bridge. Default: from profile."),
  env: variables.optional().describe("Additional environment variables of the bridge."),
  podTemplate: podTemplate.optional().describe("Labels, annotations and scheduling of the pod."),
});
