import * as z from "zod";
import { annotationMap, labelMap, name, quantity } from "./schema.ts";

const resourceList = z.strictObject({
  cpu: quantity().optional().describe("CPU, for example 500m or 2."),
  memory: quantity().optional().describe("Memory, for example 512Mi."),
});

export const resources = z.strictObject({
  requests: resourceList.optional().describe("What the scheduler reserves."),
  limits: resourceList.optional().describe("What the container may use at most."),
});

const toleration = z.strictObject({
  key: z.string().max(317).optional().describe("Taint key; empty matches all keys."),
  operator: z.enum(["Exists", "Equal"]).optional().describe("How the value is compared. Default: Equal."),
  value: z.string().max(63).optional().describe("Taint value."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("Taint effect; empty matches all."),
  tolerationSeconds: z.int().min(0).max(86_400).optional().describe("Seconds to stay after a NoExecute taint appears."),
});

export const podTemplate = z.strictObject({
  labels: labelMap(50).optional().describe("Labels added to the pods."),
  annotations: annotationMap(50).optional().describe("Annotations added to the pods."),
  nodeSelector: labelMap(50).optional().describe("Labels that a node must have."),
  tolerations: z.array(toleration).max(50).optional().describe("Taints that the pods accept."),
  priorityClassName: name(253).optional().describe("PriorityClass of the pods."),
});

export type Resources = z.infer<typeof resources>;
export type PodTemplate = z.infer<typeof podTemplate>;
