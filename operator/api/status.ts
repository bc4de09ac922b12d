import * as z from "zod";

/** The condition types of a CCTelegramDeployment, in the order in which `kubectl describe` shows them. */
export const conditionTypes = [
  "Ready",
  "ServerAvailable",
  "BridgeAvailable",
  "TelegramReachable",
  "QueueHealthy",
  "Verified",
  "Delivering",
  "Exposed",
  "Progressing",
  "Reconciling",
  "Stalled",
  "Degraded",
  "Paused",
] as const;

export type ConditionType = (typeof conditionTypes)[number];

/** metav1.Condition. */
const condition = z.strictObject({
  type: z.string().max(316).describe("Name of the condition."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: z.int().min(0).optional().describe("Generation of the spec that it was judged by."),
  lastTransitionTime: z.iso.datetime().describe("When the status last changed."),
  reason: z.string().min(1).max(1024).describe("One word, for machines."),
  message: z.string().max(32_768).describe("One sentence, for people: what is the matter and what to do."),
});

const count = () => z.int().min(0).optional();

/** The status of a CCTelegramDeployment; every field can be rebuilt from the cluster at any time. */
export const deploymentStatus = z
  .strictObject({
    observedGeneration: z
      .int()
      .min(-1)
      .optional()
      .describe("Generation of the spec that this status speaks of; -1 before the operator has seen the resource."),
    conditions: z
      .array(condition)
      .max(32)
      .optional()
      .describe("The state, part by part; Ready sums it up.")
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
    url: z
      .string()
      .max(2048)
      .optional()
      .describe("MCP endpoint: the public one when exposure has a mode, else the one inside the cluster."),
    internalUrl: z.string().max(2048).optional().describe("MCP endpoint inside the cluster."),
    version: z.string().max(500).optional().describe("Version of the pods that are ready, as their image's tag."),
    replicas: count().describe("Server pods that exist."),
    readyReplicas: count().describe("Server pods that are ready."),
    defaultReplicas: count().describe(
      "What server.replicas holds while nobody has asked for a number: it follows from profile and loadLevel.",
    ),
    selector: z.string().max(2048).optional().describe("Label selector of the server pods, for autoscalers."),
    servers: z.string().max(32).optional().describe("Ready and wanted server pods."),
    bridge: z.string().max(32).optional().describe("Ready and wanted bridge pods."),
    queue: z.int().min(0).optional().describe("Messages that wait for Telegram, rounded; below ten it reads 0."),
    clients: z
      .array(
        z.strictObject({
          name: z.string().max(40).describe("Name of the client."),
          secretName: z.string().max(253).describe("Secret with its url, key and MCP client configuration."),
        }),
      )
      .max(100)
      .optional()
      .describe("Where each declared client finds its key."),
  })
  .describe("What runs.")
  // Without it a resource that the operator has not seen yet has no status, and tools that follow kstatus call it Current.
  .meta({ default: { observedGeneration: -1 } });

export type Condition = z.infer<typeof condition>;
export type DeploymentStatus = z.infer<typeof deploymentStatus>;
