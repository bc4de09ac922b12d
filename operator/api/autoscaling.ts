import * as z from "zod";
import type { Rule } from "./schema.ts";

/** Numbers of MCP's own by which servers can be scaled. */
const autoscalingMetrics = ["CallsInFlight", "QueueAge"] as const;

/** Fields of list items have no default in the schema: see server.ts. */
const metric = z.strictObject({
  type: z
    .enum(autoscalingMetrics)
    .describe(
      "CallsInFlight: tool calls that are being answered, per server pod. QueueAge: seconds that the oldest message has waited at the bridge.",
    ),
  target: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe("What is aimed at: calls per pod, or seconds. Above it there are more pods, below it fewer."),
});

/** The fields of `server.autoscaling` for numbers that are not of pods alone. */
export const autoscalingFields = {
  provider: z
    .enum(["HorizontalPodAutoscaler", "KEDA"])
    .default("HorizontalPodAutoscaler")
    .describe(
      "Who scales. HorizontalPodAutoscaler: the operator makes one; metrics need an adapter for custom.metrics.k8s.io, such as prometheus-adapter. KEDA: the operator makes a ScaledObject, and KEDA asks Prometheus itself.",
    ),
  metrics: z
    .array(metric)
    .max(2)
    .default([])
    .describe("Numbers of MCP's own, in addition to CPU and memory; the one that asks for the most pods decides.")
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
  prometheusUrl: z
    .string()
    .min(1)
    .max(2048)
    .regex(/^https?:\/\/[^\s@?#]+$/)
    .optional()
    .describe(
      "Prometheus that KEDA asks for the metrics, without a password, for example http://prometheus.monitoring.svc:9090.",
    ),
} as const;

/** The API server checks the rules on the group's default, too, which is empty. */
const isKeda = "(has(self.provider) && self.provider == 'KEDA')";

export const autoscalingRules: readonly Rule[] = [
  {
    rule: "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
    message: "minReplicas must not be greater than maxReplicas",
  },
  {
    rule: `!${isKeda} || !has(self.metrics) || size(self.metrics) == 0 || has(self.prometheusUrl)`,
    message:
      "prometheusUrl is missing: KEDA asks a Prometheus for the metrics, for example http://prometheus.monitoring.svc:9090",
  },
  {
    rule: `!has(self.prometheusUrl) || ${isKeda}`,
    message: "prometheusUrl is for provider KEDA only: with a HorizontalPodAutoscaler the adapter knows its Prometheus",
  },
];
