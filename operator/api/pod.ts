import * as z from "zod";
import {
  annotationMap,
  isLabelKey,
  isLabelValue,
  labelMap,
  name,
  quantity,
  quantityAt,
  rule,
  rules,
} from "./schema.ts";

const resourceList = z.strictObject({
  cpu: quantity().optional().describe("CPU, for example 500m or 2. Quote a fraction."),
  memory: quantity().optional().describe("Memory, for example 512Mi."),
});

const within = (name: string) =>
  `!has(self.requests) || !has(self.requests.${name}) || !has(self.limits) || !has(self.limits.${name}) || ` +
  `!${quantityAt(`self.requests.${name}`)}.isGreaterThan(${quantityAt(`self.limits.${name}`)})`;

export const resources = z
  .strictObject({
    requests: resourceList.optional().describe("What the scheduler reserves. A default limit below it is raised."),
    limits: resourceList
      .optional()
      .describe("What the container may use at most. A default request above it is lowered."),
  })
  .meta(
    rules(
      { rule: within("cpu"), message: "requests.cpu must not be greater than limits.cpu" },
      { rule: within("memory"), message: "requests.memory must not be greater than limits.memory" },
    ),
  );

/** A toleration, validated as the API server does (ValidateTolerations in pkg/apis/core/validation). */
const toleration = z
  .strictObject({
    key: z.string().max(317).optional().describe("Taint key; empty matches all keys and needs the operator Exists."),
    operator: z.enum(["Exists", "Equal"]).optional().describe("How the value is compared. Default: Equal."),
    value: z.string().max(63).optional().describe("Taint value."),
    effect: z
      .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
      .optional()
      .describe("Taint effect; empty matches all."),
    tolerationSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe("Seconds to stay after a NoExecute taint appears."),
  })
  .meta(
    rules(
      {
        rule: `!has(self.key) || self.key == '' || ${isLabelKey("self.key")}`,
        message: "key must be a key as labels have them, for example example.com/dedicated",
      },
      {
        rule: "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
        message: "operator must be Exists when key is empty: it matches every taint",
      },
      {
        rule: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
        message: "value must be empty when operator is Exists",
      },
      {
        rule: `!has(self.value) || ${isLabelValue("self.value")}`,
        message: "value must be a value as labels have them",
      },
      {
        rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        message: "tolerationSeconds needs the effect NoExecute",
      },
    ),
  );

/** Variables that the operator sets for its pods. Another value would contradict other fields. */
export const reservedVariables = [
  ...["NODE_ENV", "SERVICE_NAME", "INSTANCE_ID", "LOG_LEVEL", "LOG_LEVEL_FILE", "METRICS_PORT"],
  ...["HMAC_SECRET_FILE", "HMAC_SECRET", "HMAC_SECRET_PREVIOUS_FILE", "HMAC_SECRET_PREVIOUS"],
  ...["HMAC_SECRET_NEXT_FILE", "HMAC_SECRET_NEXT"],
  ...["MCP_SERVER_HOST", "MCP_SERVER_PORT", "MCP_ENABLE_AUTH", "MCP_API_KEYS_FILE", "MCP_API_KEYS", "SHUTDOWN_TIMEOUT"],
  ...["MCP_OAUTH_ISSUER", "MCP_OAUTH_RESOURCE", "MCP_OAUTH_JWKS_URL", "MCP_OAUTH_SCOPE_PREFIX"],
  ...["MCP_OAUTH_OFFERED_PERMISSIONS", "MCP_OAUTH_ALLOW_ALL", "MCP_ENABLE_API_KEYS"],
  ...["MCP_PROXY_PORT", "MCP_EXTERNAL_PORT", "MCP_SECOND_PORT", "MCP_BASE_PATH"],
  ...["MCP_TRUSTED_PROXIES", "MCP_ALLOWED_ORIGINS", "MCP_ALLOWED_HOSTS"],
  ...["MCP_ENABLE_RATE_LIMIT", "MCP_RATE_LIMIT_REQUESTS", "MCP_RATE_LIMIT_WINDOW", "MCP_RATE_LIMIT_BLOCK"],
  ...["MCP_ENABLE_BANS", "MCP_BAN_FAILURES", "MCP_BAN_FAILURES_WINDOW", "MCP_BAN_FAILURES_TIME"],
  ...["MCP_BAN_LIMITS", "MCP_BAN_LIMITS_WINDOW", "MCP_BAN_LIMITS_TIME", "INPUT_VALIDATION_STRICT"],
  "MCP_RATE_LIMIT_GLOBAL_REQUESTS",
  ...["MONITORING_SERVER_PORT", "MONITORING_SERVER_HOST", "MONITORING_PASSWORD", "MONITORING_PASSWORD_FILE"],
  ...[
    "BRIDGE_URL",
    "BRIDGE_TIMEOUT",
    "BRIDGE_HOST",
    "BRIDGE_PORT",
    "CC_TELEGRAM_DATA_DIR",
    "QUEUE_SIZE_LIMIT",
    "DEDUPLICATION_WINDOW",
  ],
  ...["TELEGRAM_BOT_TOKEN_FILE", "TELEGRAM_BOT_TOKEN", "TELEGRAM_ALLOWED_USERS", "TELEGRAM_ADMINS", "TELEGRAM_API_URL"],
  ...["TELEGRAM_RATE_LIMIT_GLOBAL", "TELEGRAM_RATE_LIMIT_PER_CHAT", "TELEGRAM_UPDATES"],
  ...["TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_PORT"],
  ...["TELEGRAM_QUIET_HOURS", "CC_TELEGRAM_TIMEZONE", "CC_TELEGRAM_MESSAGE_STYLE"],
  ...["TELEGRAM_CHATS", "TELEGRAM_ROUTES", "TELEGRAM_PAIRING"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  // Other names of these, which would have no effect, or keep the pods from starting.
  ...["MCP_LOG_LEVEL", "MCP_LOG_LEVEL_FILE", "PROMETHEUS_PORT", "DATA_DIR", "API_KEYS", "API_KEYS_FILE"],
  ...["MCP_HMAC_SECRET", "MCP_HMAC_SECRET_FILE", "MCP_RATE_LIMIT_POINTS", "MCP_RATE_LIMIT_DURATION"],
] as const;

/** Variables with which the operator could not reach its pods. */
const tlsVariables = ["TLS_CERT_PATH", "TLS_KEY_PATH", "TLS_MIN_VERSION"] as const;

const oneOf = (names: readonly string[]) => `self.name in [${names.map((name) => `'${name}'`).join(", ")}]`;

const keyRef = (what: string) =>
  z.strictObject({
    name: name(253).describe(`Name of the ${what}, in the namespace of this resource.`),
    key: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[-._a-zA-Z0-9]+$/)
      .describe("Key inside it."),
  });

const variable = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .describe("Name of the variable."),
    value: z.string().max(4096).optional().describe("Its value, used literally."),
    valueFrom: z
      .strictObject({
        secretKeyRef: keyRef("Secret").optional().describe("A key of a Secret."),
        configMapKeyRef: keyRef("ConfigMap").optional().describe("A key of a ConfigMap."),
      })
      .optional()
      .describe("Source of its value, read when a pod starts.")
      .meta(
        rule(
          "has(self.secretKeyRef) != has(self.configMapKeyRef)",
          "valueFrom must have either secretKeyRef or configMapKeyRef",
        ),
      ),
  })
  .meta(
    rules(
      { rule: "!has(self.value) || !has(self.valueFrom)", message: "value and valueFrom exclude each other" },
      {
        rule: `!(${oneOf(reservedVariables)})`,
        message: "this variable is set by the operator: use the corresponding field of the resource",
      },
      {
        rule: `!(${oneOf(tlsVariables)})`,
        message:
          "inside the cluster the server speaks HTTP, to probes too: TLS ends at the public address, see exposure.tls",
      },
    ),
  );

/** Variables of a container, in addition to those that the operator sets. */
export const variables = z
  .array(variable)
  .max(50)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });

export const podTemplate = z.strictObject({
  labels: labelMap(50).optional().describe("Labels added to the pods."),
  annotations: annotationMap(50).optional().describe("Annotations added to the pods."),
  nodeSelector: labelMap(50).optional().describe("Labels that a node must have."),
  tolerations: z.array(toleration).max(50).optional().describe("Taints that the pods accept."),
  priorityClassName: name(253).optional().describe("PriorityClass of the pods."),
});

export type Resources = z.infer<typeof resources>;
export type PodTemplate = z.infer<typeof podTemplate>;
