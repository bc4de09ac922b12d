import * as z from "zod";
import { dryRunStatus } from "./dry-run.ts";
import { imageStatus } from "./image.ts";
import { pairingStatus } from "./pairing.ts";
import { podReplacements } from "./pod-replacements.ts";
import { rolloutStatus } from "./rollout.ts";
import { secretStatus } from "./secrets.ts";

/** The condition types of a CCTelegramDeployment, in the order in which `kubectl describe` shows them. */
export const conditionTypes = [
  "Ready",
  "ServerAvailable",
  "BridgeAvailable",
  "TelegramReachable",
  "QueueHealthy",
  "Verified",
  "Delivering",
  "Receiving",
  "Exposed",
  "Autoscaling",
  "SecretsCurrent",
  "Restored",
  "BackupSucceeded",
  "ImageAccepted",
  "Adopted",
  "Progressing",
  "Reconciling",
  "Stalled",
  "Degraded",
  "Paused",
  "Hibernated",
] as const;

export type ConditionType = (typeof conditionTypes)[number];

/** metav1.Condition. */
export const condition = z.strictObject({
  type: z.string().max(316).describe("Name of the condition."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: z.int().min(0).optional().describe("Generation of the spec that it refers to."),
  lastTransitionTime: z.iso.datetime().describe("When the status last changed."),
  reason: z.string().min(1).max(1024).describe("One word, for machines."),
  message: z.string().max(32_768).describe("One sentence, for people: what is wrong and what to do."),
});

const count = () => z.int().min(0).optional();

/** The status of a CCTelegramDeployment; every field can be rebuilt from the cluster at any time. */
export const deploymentStatus = z
  .strictObject({
    observedGeneration: z
      .int()
      .min(-1)
      .optional()
      .describe("Generation of the spec that this status refers to; -1 before the operator has seen the resource."),
    conditions: z
      .array(condition)
      .max(32)
      .optional()
      .describe("The state of each part; Ready summarizes them.")
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
    causes: z
      .array(
        z.strictObject({
          part: z.string().max(63).describe("What is concerned: MCP server, bridge, or rollout."),
          reason: z.string().max(256).describe("One word, for machines."),
          message: z.string().max(1024).describe("One sentence, for people."),
        }),
      )
      .max(20)
      .optional()
      .describe(
        "Why Ready is False: for each part a chain from what is seen, through its causes, to what has to be done. Absent while nothing is wrong.",
      ),
    url: z
      .string()
      .max(2048)
      .optional()
      .describe("URL of the MCP endpoint: the public one with exposure, else the one inside the cluster."),
    internalUrl: z.string().max(2048).optional().describe("URL of the MCP endpoint inside the cluster."),
    version: z.string().max(500).optional().describe("Image tag of the pods that are ready."),
    runningImage: z
      .string()
      .max(700)
      .optional()
      .describe(
        "Image that all server and bridge pods run, with the digest that their nodes have pulled; absent while they differ, or a node tells no digest.",
      ),
    image: imageStatus
      .optional()
      .describe("The image that was accepted last, with images.resolution Digest or images.verification."),
    replicas: count().describe("Server pods that exist."),
    readyReplicas: count().describe("Server pods that are ready."),
    defaultReplicas: count().describe(
      "Value that the operator wrote to server.replicas because it was not set. It depends on profile and loadLevel.",
    ),
    selector: z.string().max(2048).optional().describe("Label selector of the server pods, for autoscalers."),
    servers: z.string().max(32).optional().describe("Ready and desired server pods."),
    bridge: z.string().max(32).optional().describe("Ready and desired bridge pods."),
    queue: z.int().min(0).optional().describe("Messages that wait to be sent, rounded down; 0 if fewer than ten."),
    rollout: rolloutStatus.optional().describe("The revisions of the server's pods."),
    clients: z
      .array(
        z.strictObject({
          name: z.string().max(40).describe("Name of the client."),
          secretName: z.string().max(253).describe("Its connection Secret: url, key and mcp.json."),
        }),
      )
      .max(100)
      .optional()
      .describe("The connection Secret of each client."),
    secrets: z
      .array(secretStatus)
      .max(110)
      .optional()
      .describe("How old secrets are: those that the operator makes, and the clients' own.")
      .meta({ "x-kubernetes-list-type": "atomic" }),
    podReplacements: podReplacements
      .optional()
      .describe("Server pods that the operator has replaced because they failed where others did not."),
    pairing: pairingStatus
      .optional()
      .describe("What became of the code in the annotation cctelegram.io/pair. Absent without one.")
      .meta({ "x-kubernetes-map-type": "atomic" }),
    dryRun: dryRunStatus
      .optional()
      .describe("What the operator would change. Present only while reconciliation is DryRun."),
    backup: z
      .strictObject({
        lastSuccessfulBackup: z.string().max(253).optional().describe("The newest CCTelegramBackup that succeeded."),
        lastSuccessfulTime: z.iso.datetime().optional().describe("When it was started: what came later is not in it."),
        nextScheduledTime: z.iso.datetime().optional().describe("When the schedule makes the next backup."),
      })
      .optional()
      .describe("Backups of this resource."),
  })
  .describe("The observed state.")
  // Without it a resource that the operator has not seen yet has no status, and kstatus reports it as Current.
  .meta({ default: { observedGeneration: -1 } });

export type Condition = z.infer<typeof condition>;
export type DeploymentStatus = z.infer<typeof deploymentStatus>;
