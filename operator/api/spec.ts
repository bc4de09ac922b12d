import * as z from "zod";
import { bridgeSpec } from "./bridge.ts";
import { labelMap, name } from "./schema.ts";
import { serverSpec } from "./server.ts";
import { telegramSpec } from "./telegram.ts";

const selector = z.strictObject({
  matchLabels: labelMap(20).default({}).describe("Labels to match; an empty map matches all."),
});

const images = z.strictObject({
  server: z
    .string()
    .min(1)
    .max(500)
    .regex(/^\S+$/)
    .optional()
    .describe("Image of server and bridge. Default: the one this operator was released with."),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent").describe("When the image is pulled."),
  pullSecrets: z
    .array(name(253))
    .max(10)
    .default([])
    .describe("Secrets with registry credentials, in the namespace of this resource.")
    .meta({ "x-kubernetes-list-type": "set" }),
});

const networkPolicy = z.strictObject({
  mode: z.enum(["Restricted", "Disabled"]).default("Restricted").describe("Restricted allows only the traffic below."),
  ingressFrom: z
    .array(
      z.strictObject({
        namespaceSelector: selector.optional().describe("Namespaces whose pods may call. Default: this namespace."),
        podSelector: selector.optional().describe("Pods that may call. Default: all in those namespaces."),
      }),
    )
    .max(50)
    .default([])
    .describe("Peers beside the pods of this namespace that may call the MCP server, such as an ingress controller."),
});

const monitoring = z.strictObject({
  serviceMonitor: z.enum(["Auto", "Disabled"]).default("Auto").describe("Auto creates it when the CRD is installed."),
  prometheusRule: z.enum(["Auto", "Disabled"]).default("Auto").describe("Auto creates it when the CRD is installed."),
  labels: labelMap(20).default({}).describe("Labels by which your Prometheus selects monitors and rules."),
});

/** The spec of a CCTelegramDeployment: the one source of its types, defaults, validation, CRD and reference. */
export const deploymentSpec = z
  .strictObject({
    profile: z
      .enum(["Development", "Staging", "Production"])
      .default("Production")
      .describe("Sizes, replicas and policies follow from it."),
    loadLevel: z
      .enum(["Low", "Medium", "High", "VeryHigh"])
      .optional()
      .describe("Expected calls a minute: Low to 100, Medium to 1,000, High to 10,000, VeryHigh above."),
    version: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)
      .optional()
      .describe("Tag of the server image. Default: the tag of the image itself."),
    images: images.prefault({}).describe("Container images."),
    telegram: telegramSpec,
    server: serverSpec.prefault({}).describe("The MCP server."),
    bridge: bridgeSpec.prefault({}).describe("The Telegram bridge."),
    networkPolicy: networkPolicy.prefault({}).describe("Who may talk to the pods, and they to whom."),
    monitoring: monitoring.prefault({}).describe("Objects for the Prometheus operator."),
    reconciliation: z
      .enum(["Active", "Paused"])
      .default("Active")
      .describe("Paused leaves all objects as they are until it is Active again."),
  })
  .describe("What should run.");

export type DeploymentSpec = z.infer<typeof deploymentSpec>;
