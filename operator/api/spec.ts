import * as z from "zod";
import { bridgeSpec } from "./bridge.ts";
import { exposureSpec } from "./exposure.ts";
import { addressOrPods, cidr, ingressPeers, podPeer } from "./peers.ts";
import { labelMap, name, rule, rules } from "./schema.ts";
import { serverSpec } from "./server.ts";
import { telegramSpec } from "./telegram.ts";

const egressPeer = z
  .strictObject({
    cidr: cidr().optional().describe("Addresses, for example 10.0.0.5/32."),
    ...podPeer,
    ports: z
      .array(z.int().min(1).max(65_535))
      .min(1)
      .max(20)
      .describe("TCP ports.")
      .meta({ "x-kubernetes-list-type": "set" }),
  })
  .meta(rules(addressOrPods));

const part = "[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*";
/** CEL: as github.com/distribution/reference reads it: registry, lower-case path, tag, digest. */
const isImage = `self.matches('^([a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?(:[0-9]+)?/)?${part}(/${part})*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@[a-z0-9]+:[a-f0-9]{32,128})?$')`;

const images = z.strictObject({
  server: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("Image of server and bridge. Default: the one this operator was released with.")
    .meta(
      rule(
        isImage,
        "server must be an image as registries name them, for example registry.example.com/team/server:1.2.3",
      ),
    ),
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
  ingressFrom: ingressPeers().describe(
    "Peers beside the pods of this namespace that may call the MCP server, such as an ingress controller.",
  ),
  egressTo: z
    .array(egressPeer)
    .max(50)
    .default([])
    .describe("What server and bridge may call beside what they need: a proxy, or a Bot API server of your own."),
  dnsPorts: z
    .array(z.int().min(1).max(65_535))
    .min(1)
    .max(10)
    .default([53, 5353])
    .describe("Ports of the cluster's DNS servers, as their pods listen; OpenShift's listen on 5353.")
    .meta({ "x-kubernetes-list-type": "set" }),
});

const monitoring = z.strictObject({
  serviceMonitor: z.enum(["Auto", "Disabled"]).default("Auto").describe("Auto creates it when the CRD is installed."),
  prometheusRule: z.enum(["Auto", "Disabled"]).default("Auto").describe("Auto creates it when the CRD is installed."),
  labels: labelMap(20).default({}).describe("Labels by which your Prometheus selects monitors and rules."),
  ingressFrom: ingressPeers().describe(
    "Peers that may read the metrics, beside pods with the label app.kubernetes.io/name: prometheus in any namespace.",
  ),
});

const proxyUrl = () =>
  z
    .string()
    .min(1)
    .max(2048)
    .meta(
      rules(
        {
          rule: "isURL(self) && url(self).getScheme() in ['http', 'https']",
          message: "must be an http or https URL, for example http://proxy.example.com:3128",
        },
        {
          rule: "!self.matches('^[^/?#]*//[^/?#]*@')",
          message: "must hold no user name or password: anybody who may read pods would see them",
        },
      ),
    );

const proxy = z.strictObject({
  httpProxy: proxyUrl().optional().describe("Proxy for http URLs: the variable HTTP_PROXY of the pods."),
  httpsProxy: proxyUrl().optional().describe("Proxy for https URLs: the variable HTTPS_PROXY of the pods."),
  noProxy: z
    .array(
      z
        .string()
        .min(1)
        .max(253)
        .regex(/^[^\s,]+$/),
    )
    .max(50)
    .default([])
    .describe("Hosts, domains and addresses that are called directly, beside those inside the cluster.")
    .meta({ "x-kubernetes-list-type": "set" }),
});

const podSecurity = z.strictObject({
  userIds: z
    .enum(["Image", "Platform"])
    .default("Image")
    .describe(
      "Image: pods run as user and group 1001. Platform: none is set, and the platform chooses, as OpenShift does by its SCCs.",
    ),
});

/** CEL: autoscaling is on. */
const autoscaled =
  "(self.server.autoscaling.mode == 'Enabled' || (self.server.autoscaling.mode == 'Auto' && self.profile != 'Development'))";

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
    exposure: exposureSpec.default({ mode: "None" }).describe("How clients outside of the cluster reach the server."),
    networkPolicy: networkPolicy.prefault({}).describe("Who may talk to the pods, and they to whom."),
    monitoring: monitoring.prefault({}).describe("Metrics, and objects for the Prometheus operator."),
    proxy: proxy.optional().describe("The HTTP proxy by which the pods leave the cluster."),
    podSecurity: podSecurity.prefault({}).describe("What the pods run as."),
    reconciliation: z
      .enum(["Active", "Paused"])
      .default("Active")
      .describe("Paused leaves all objects as they are until it is Active again."),
  })
  .describe("What should run.")
  .meta(
    rules(
      {
        rule: `!${autoscaled} || !has(self.server.replicas) || !has(self.server.autoscaling.maxReplicas) || self.server.replicas <= self.server.autoscaling.maxReplicas`,
        message: "server.replicas must not be greater than server.autoscaling.maxReplicas while autoscaling is on",
      },
      {
        rule: "!has(self.version) || !has(self.images.server) || !self.images.server.contains('@')",
        message: "version cannot change an image that is given by its digest: leave out version, or the digest",
      },
    ),
  );

export type DeploymentSpec = z.infer<typeof deploymentSpec>;
