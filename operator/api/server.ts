import * as z from "zod";
import { logLevels } from "../../contract/log-levels.ts";
import { permissionForm } from "../../contract/permissions.ts";
import { ports } from "../../contract/ports.ts";
import { autoscalingFields, autoscalingRules } from "./autoscaling.ts";
import { oauth } from "./oauth.ts";
import { podTemplate, resources, variables } from "./pod.ts";
import { name, rule, rules } from "./schema.ts";
import { keySecretRef, rotationDays } from "./secrets.ts";

const replicas = () => z.int().min(0).max(100);
const percent = () => z.int().min(1).max(100);

/**
 * Fields of list items have no default in the schema: in the three-way merge of kubectl and Argo CD, what the API server adds
 * inside a list always looks like a change.
 */
const client = z.strictObject({
  name: name(40).describe("Name of the client; its key is in the Secret <resource>-connection-<name>."),
  permissions: z
    .array(z.string().min(1).max(64).regex(permissionForm))
    .max(64)
    .optional()
    .describe(
      'What the client may use: names of tools, "group:NAME" for a group of tools, "resource:NAME" for a resource; "*" means everything. Default: nothing.',
    )
    .meta({ "x-kubernetes-list-type": "set" }),
  access: z
    .enum(["Enabled", "Disabled"])
    .optional()
    .describe("Disabled refuses the key without deleting it. Default: Enabled."),
  expires: z
    .string()
    .max(40)
    .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/)
    .optional()
    .describe("From then on its keys are refused, RFC 3339, for example 2027-01-31T00:00:00Z. Default: never.")
    // A day or an hour that does not exist is an error of the expression, and so refused.
    .meta(
      rule(
        "timestamp(self) >= timestamp('2000-01-01T00:00:00Z')",
        "expires must be a time after 2000, for example 2027-01-31T00:00:00Z",
      ),
    ),
  keySecretRef: keySecretRef.optional(),
  requests: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("Requests that its key may make in a window, per pod. Default: server.rateLimit.requests."),
});

const autoscaling = z
  .strictObject({
    mode: z
      .enum(["Auto", "Enabled", "Disabled"])
      .default("Auto")
      .describe("Auto: on for the profiles Staging and Production. Disabled: server.replicas is the number of pods."),
    minReplicas: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Minimum number of pods. Default: server.replicas, else from loadLevel, else from profile."),
    maxReplicas: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe(
        "Maximum number of pods. Default: from loadLevel, else from profile. A default minimum above it is lowered.",
      ),
    targetCPUUtilizationPercentage: percent().default(70).describe("Mean CPU use, in percent of the request."),
    targetMemoryUtilizationPercentage: percent().default(80).describe("Mean memory use, in percent of the request."),
    ...autoscalingFields,
  })
  .meta(rules(...autoscalingRules));

const rateLimit = z.strictObject({
  mode: z.enum(["Enabled", "Disabled"]).default("Enabled").describe("Whether calls are limited per API key."),
  requests: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(100)
    .describe("Requests that one key may make in a window, per pod; auth.clients has another number for single keys."),
  totalRequests: z
    .int()
    .min(0)
    .max(10_000_000)
    .optional()
    .describe(
      "Requests that all keys together may make in a window, per pod; a key that made less than its equal share is not refused. 0: as many as they like. Default: ten times requests.",
    ),
  windowSeconds: z.int().min(1).max(3600).default(60).describe("Length of the window."),
  blockSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe("How long a key is refused after it exceeded the limit."),
});

const banRule = (count: number, windowSeconds: number, banSeconds: number) =>
  z.strictObject({
    count: z.int().min(1).max(100).default(count).describe("How many of them in a window bring a ban."),
    windowSeconds: z.int().min(1).max(86_400).default(windowSeconds).describe("Length of the window."),
    banSeconds: z.int().min(1).max(86_400).default(banSeconds).describe("How long the ban lasts."),
  });

/** The defaults are those of the guide's fail2ban. */
const bans = z.strictObject({
  mode: z
    .enum(["Enabled", "Disabled"])
    .default("Enabled")
    .describe(
      "Whether those who failed too often are refused for a while. Each pod counts for itself, and its bans hold there; the tool lift_ban ends them on all pods.",
    ),
  authenticationFailures: banRule(5, 600, 3600)
    .prefault({})
    .describe(
      "Requests without a valid key from one address. Banned are further ones from there; those with a valid key are answered.",
    ),
  exceededLimits: banRule(10, 300, 1800)
    .prefault({})
    .describe("Requests of a key over its limit. Banned is that key at the address from which it called."),
});

/** A name or address that a Host header may contain. */
const hostName = z
  .string()
  .min(1)
  .max(253)
  .meta(
    rule(
      "isIP(self) || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
      "must be a name or an address, without scheme and port, for example mcp.example.com",
    ),
  );

const origin = z
  .string()
  .min(1)
  .max(300)
  .meta(
    rules(
      {
        rule: "self.matches('^https?://([a-z0-9]([-a-z0-9]*[a-z0-9])?[.])*[a-z]([-a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?$')",
        message: "must be an origin as browsers write it, for example https://tools.example.com",
      },
      {
        rule: "!self.matches(':[0-9]{1,5}$') || int(self.substring(self.lastIndexOf(':') + 1)) <= 65535",
        message: "must have a port of at most 65535",
      },
    ),
  );

const proxyAddress = z
  .string()
  .min(1)
  .max(49)
  .meta(
    rule(
      "isIP(self) || (isCIDR(self) && cidr(self).prefixLength() > 0)",
      "must be an address, or a range that is not everybody, for example 10.1.2.3 or 10.1.2.0/24",
    ),
  );

/** Ports of the server's pods that stand for something else. */
const taken = [ports.mcp, ports.proxied, ports.external, ports.metrics];

/** Below 1024 a pod without capabilities may be unable to listen. */
const secondPort = z
  .int()
  .min(1024)
  .max(65_535)
  .meta(
    rule(
      `!(self in [${taken.join(", ")}])`,
      `secondPort must not be ${taken.join(", ")}: the server uses them itself. Use another, for example 3000`,
    ),
  );

export const serverSpec = z.strictObject({
  replicas: replicas()
    .optional()
    .describe("Number of server pods; the minimum while autoscaling is on. `kubectl scale` sets it."),
  auth: z
    .strictObject({
      clients: z
        .array(client)
        .max(100)
        .default([])
        .describe("The clients. The operator generates an API key for each.")
        .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
      rotationGraceSeconds: z
        .int()
        .min(0)
        .max(2_592_000)
        .default(300)
        .describe(
          "How long a client's old key stays valid beside its new one. The annotation cctelegram.io/rotate of its connection Secret asks for a new one, and so does deleting that Secret. 0: it is refused as soon as the server pods have read the new one.",
        ),
      rotationDays: rotationDays("a client's key that the operator has made is replaced, without a refused call"),
      oauth: oauth
        .optional()
        .describe(
          "Access tokens of an authorization server, beside the API keys of clients, or instead of them where there are no clients.",
        ),
    })
    .prefault({})
    .describe("Who may call the server."),
  autoscaling: autoscaling.prefault({}).describe("How the number of server pods follows the load."),
  rateLimit: rateLimit.prefault({}).describe("Limits per API key."),
  bans: bans.prefault({}).describe("Bans of addresses and keys that failed too often."),
  inputValidation: z
    .enum(["Strict", "Lenient"])
    .default("Lenient")
    .describe(
      "What happens to fields of a call that the tool does not know. Strict: the call is refused. Lenient: they are dropped.",
    ),
  trustedProxies: z
    .array(proxyAddress)
    .max(50)
    .optional()
    .describe(
      "Addresses of proxies whose X-Forwarded-For is trusted, such as a CDN in front of the ingress controller. The controller itself is set by exposure.from.",
    )
    .meta({ "x-kubernetes-list-type": "set" }),
  allowedOrigins: z
    .array(origin)
    .max(50)
    .optional()
    .describe("Origins of web pages that may call the server, in addition to the public address.")
    .meta({ "x-kubernetes-list-type": "set" }),
  allowedHosts: z
    .array(hostName)
    .max(50)
    .optional()
    .describe(
      "Host names that clients may use, in addition to exposure.host and the Service's names. Default: any name if exposure.host is not set.",
    )
    .meta({ "x-kubernetes-list-type": "set" }),
  secondPort: secondPort
    .optional()
    .describe(
      "A further port of the pods and the Service, on which MCP is at / as well as at /mcp, for proxies that strip the path, for example 3000. Default: none.",
    ),
  logLevel: z.enum(logLevels).default("info").describe("Lowest level that is logged."),
  resources: resources.optional().describe("CPU and memory of one pod. Default: from loadLevel, else from profile."),
  env: variables.optional().describe("Additional environment variables of the server."),
  podTemplate: podTemplate.optional().describe("Labels, annotations and scheduling of the pods."),
});
