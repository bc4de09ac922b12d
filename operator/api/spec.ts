import * as z from "zod";
import { ports } from "../../contract/ports.ts";
import { adoptionSpec } from "./adoption.ts";
import { deploymentBackup, restoreFrom } from "./backup.ts";
import { bridgeSpec } from "./bridge.ts";
import { exposureSpec } from "./exposure.ts";
import { imageChecks } from "./image.ts";
import { maintenanceSpec } from "./maintenance.ts";
import { monitoringSpec } from "./monitoring.ts";
import { addressOrPods, cidr, ingressPeers, podPeer } from "./peers.ts";
import { rolloutSpec } from "./rollout.ts";
import { name, rule, rules } from "./schema.ts";
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
/** CEL: the syntax of github.com/distribution/reference: registry, lower-case path, tag, digest. */
const isImage = `self.matches('^([a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?(:[0-9]+)?/)?${part}(/${part})*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@[a-z0-9]+:[a-f0-9]{32,128})?$')`;

const images = z.strictObject({
  server: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("Image of server and bridge. Default: serverImage of the operator's chart.")
    .meta(rule(isImage, "server must be a valid image reference, for example registry.example.com/team/server:1.2.3")),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent").describe("When the image is pulled."),
  pullSecrets: z
    .array(name(253))
    .max(10)
    .default([])
    .describe("Secrets with registry credentials, in the namespace of this resource.")
    .meta({ "x-kubernetes-list-type": "set" }),
  ...imageChecks,
});

const networkPolicy = z.strictObject({
  mode: z
    .enum(["Restricted", "Disabled"])
    .default("Restricted")
    .describe("Restricted: only the traffic that is needed, and the peers below. Disabled: no network policies."),
  ingressFrom: ingressPeers().describe(
    "Peers that may call the MCP server, in addition to the pods of this namespace. For an ingress controller, use exposure.from.",
  ),
  egressTo: z
    .array(egressPeer)
    .max(50)
    .default([])
    .describe("Additional destinations of server and bridge, such as a proxy, or a Bot API server of your own."),
  dnsPorts: z
    .array(z.int().min(1).max(65_535))
    .min(1)
    .max(10)
    .default([53, 5353])
    .describe("Ports on which the pods of the cluster's DNS listen. OpenShift uses 5353.")
    .meta({ "x-kubernetes-list-type": "set" }),
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
          message: "must hold no user name or password: everybody who may read pods could see them",
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
    .describe(
      "Hosts, domains and addresses that are called without the proxy, in addition to those inside the cluster.",
    )
    .meta({ "x-kubernetes-list-type": "set" }),
});

const podSecurity = z.strictObject({
  userIds: z
    .enum(["Image", "Platform"])
    .default("Image")
    .describe(
      "Image: pods run as user and group 1001. Platform: the pods set neither, and the platform assigns them, as OpenShift does by its SCCs.",
    ),
});

/** CEL: autoscaling is on. */
const autoscaled =
  "(self.server.autoscaling.mode == 'Enabled' || (self.server.autoscaling.mode == 'Auto' && self.profile != 'Development'))";

/** CEL: Telegram calls the bridge. */
const isCalled = "has(self.telegram.updates) && self.telegram.updates == 'Webhook'";

/** What Telegram asks of a webhook (https://core.telegram.org/bots/api#setwebhook), and a path of its own that leads to the bridge. */
const webhookRules = [
  {
    rule: `!(${isCalled}) || self.exposure.mode in ['Ingress', 'HTTPRoute']`,
    message:
      "telegram.updates Webhook needs exposure.mode Ingress or HTTPRoute, which lead Telegram's calls to the bridge: configure one, or set telegram.updates to Polling",
  },
  {
    rule: `!(${isCalled}) || !has(self.exposure.scheme) || self.exposure.scheme == 'https'`,
    message: "Telegram calls a webhook by https only: leave out exposure.scheme, or set telegram.updates to Polling",
  },
  {
    rule: `!(${isCalled}) || self.exposure.mode != 'HTTPRoute' || !has(self.exposure.parentRefs) || !has(self.exposure.parentRefs[0].port) || self.exposure.parentRefs[0].port in [443, 80, 88, 8443]`,
    message:
      "Telegram calls a webhook on the ports 443, 80, 88 and 8443 only: name such a listener first in exposure.parentRefs, or set telegram.updates to Polling",
  },
];

/** The spec of a CCTelegramDeployment. Types, defaults, validation, CRD and reference page derive from it. */
export const deploymentSpec = z
  .strictObject({
    profile: z
      .enum(["Development", "Staging", "Production"])
      .default("Production")
      .describe("Sets the default sizes, replicas and autoscaling."),
    loadLevel: z
      .enum(["Low", "Medium", "High", "VeryHigh"])
      .optional()
      .describe("Expected calls per minute: Low up to 100, Medium up to 1,000, High up to 10,000, VeryHigh above."),
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
    exposure: exposureSpec.default({ mode: "None" }).describe("How clients outside the cluster reach the server."),
    networkPolicy: networkPolicy.prefault({}).describe("Network policies of the pods."),
    monitoring: monitoringSpec
      .prefault({})
      .describe("Access to metrics, objects for the Prometheus operator, and the dashboard."),
    proxy: proxy.optional().describe("The HTTP proxy through which the pods reach addresses outside the cluster."),
    backup: deploymentBackup.optional().describe("Backups of the bridge's data: where to, and when."),
    restoreFrom: restoreFrom
      .optional()
      .describe(
        "The archive that the bridge of a new resource starts with. It can only be set at creation, and may be removed later.",
      ),
    adoption: adoptionSpec.optional().describe("What is taken over from an installation that was made by hand."),
    podSecurity: podSecurity.prefault({}).describe("What the pods run as."),
    rollout: rolloutSpec
      .prefault({})
      .describe("How a new version of the server takes over, and gives way when it fails."),
    maintenance: maintenanceSpec.prefault({}).describe("When changes that replace pods may be made."),
    activity: z
      .enum(["Active", "Hibernated"])
      .default("Active")
      .describe(
        "Hibernated: no server and no bridge runs. Volume, messages, keys and settings are kept until it is Active again.",
      ),
    reconciliation: z
      .enum(["Active", "Paused", "DryRun"])
      .default("Active")
      .describe(
        "Paused: the operator leaves all objects as they are until the value is Active again. DryRun: so, too, and status.dryRun says what it would change.",
      ),
  })
  .describe("The desired state.")
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
      {
        rule: `!has(self.server.secondPort) || self.server.secondPort != ${ports.dashboard} || self.monitoring.dashboard.mode != 'Enabled'`,
        message: `the dashboard listens on ${ports.dashboard}: set server.secondPort to another port, for example 3000, or monitoring.dashboard.mode to Disabled`,
      },
      {
        rule: "!has(self.server.auth.oauth) || has(self.server.auth.oauth.resource) || self.exposure.mode != 'LoadBalancer' || has(self.exposure.host)",
        message:
          "server.auth.oauth.resource must be the URL under which clients reach MCP, because nobody knows the load balancer's address yet: set it, or exposure.host",
      },
      {
        rule: "!has(self.restoreFrom) || (has(oldSelf.restoreFrom) && self.restoreFrom == oldSelf.restoreFrom)",
        message:
          "restoreFrom is for new resources and cannot be added or changed: create another resource with it, or leave it out",
      },
      ...webhookRules,
    ),
  );

export type DeploymentSpec = z.infer<typeof deploymentSpec>;
