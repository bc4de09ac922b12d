import { apiKeyFileName } from "../../../contract/api-key.ts";
import type { PodVariable } from "../../../contract/pod-variables.ts";
import { ports } from "../../../contract/ports.ts";
import { quietHoursText } from "../../../contract/quiet-hours.ts";
import { canonicalJson } from "../../runtime/canonical-json.ts";
import type { Blueprint } from "../blueprint.ts";
import { exposureOf, originOf } from "../exposure/exposure.ts";
import { bridgeUrl, namesOf } from "../names.ts";
import { isFenced } from "../pausing/fencing.ts";
import { dashboardEnvironment } from "./dashboard.ts";
import { oauthEnvironment } from "./oauth.ts";
import { paths } from "./pod.ts";
import { receivingEnvironment } from "./webhook.ts";

/** They are part of the pod template, so that a pod never reads half of a change. */
export type Environment = Readonly<Partial<Record<PodVariable | "NODE_ENV", string>>>;

/** The longest time that a call waits for the bridge; a restart of the bridge pod takes less. */
const bridgeTimeoutMs = 30_000;

/** Environment of the server pods, with the variable names of the deployment guides. */
export function serverEnvironment(blueprint: Blueprint): Environment {
  const { namespace, name, spec } = blueprint;
  const { rateLimit, bans, inputValidation, logLevel } = spec.server;
  return {
    NODE_ENV: "production",
    SERVICE_NAME: namesOf(name).server,
    LOG_LEVEL: logLevel,
    MCP_SERVER_PORT: `${ports.mcp}`,
    METRICS_PORT: `${ports.metrics}`,
    ...outside(blueprint),
    MCP_ENABLE_AUTH: "true",
    MCP_API_KEYS_FILE: `${paths.apiKeys}/${apiKeyFileName}`,
    ...oauthEnvironment(blueprint),
    ...hmacEnvironment,
    BRIDGE_URL: bridgeUrl(namespace, name),
    BRIDGE_TIMEOUT: `${bridgeTimeoutMs}`,
    // Longer than a call may wait for the bridge, so that it is answered when the pod has to stop.
    SHUTDOWN_TIMEOUT: `${bridgeTimeoutMs + 5_000}`,
    MCP_ENABLE_RATE_LIMIT: `${rateLimit.mode === "Enabled"}`,
    MCP_RATE_LIMIT_REQUESTS: `${rateLimit.requests}`,
    ...(rateLimit.totalRequests === undefined ? {} : { MCP_RATE_LIMIT_GLOBAL_REQUESTS: `${rateLimit.totalRequests}` }),
    MCP_RATE_LIMIT_WINDOW: `${rateLimit.windowSeconds * 1000}`,
    MCP_RATE_LIMIT_BLOCK: `${rateLimit.blockSeconds * 1000}`,
    MCP_ENABLE_BANS: `${bans.mode === "Enabled"}`,
    MCP_BAN_FAILURES: `${bans.authenticationFailures.count}`,
    MCP_BAN_FAILURES_WINDOW: `${bans.authenticationFailures.windowSeconds * 1000}`,
    MCP_BAN_FAILURES_TIME: `${bans.authenticationFailures.banSeconds * 1000}`,
    MCP_BAN_LIMITS: `${bans.exceededLimits.count}`,
    MCP_BAN_LIMITS_WINDOW: `${bans.exceededLimits.windowSeconds * 1000}`,
    MCP_BAN_LIMITS_TIME: `${bans.exceededLimits.banSeconds * 1000}`,
    ...(inputValidation === "Strict" ? { INPUT_VALIDATION_STRICT: "true" } : {}),
    ...dashboardEnvironment(blueprint),
  };
}

/** The secrets of before and after are there only during a rotation: what is signed with them counts as well. */
const hmacEnvironment: Environment = {
  HMAC_SECRET_FILE: `${paths.hmac}/secret`,
  HMAC_SECRET_PREVIOUS_FILE: `${paths.hmac}/previous`,
  HMAC_SECRET_NEXT_FILE: `${paths.hmac}/next`,
};

/** Trusted proxies and allowed origins and hosts, if they differ from the server's defaults. */
function outside({ namespace, name, spec, dashboard }: Blueprint): Environment {
  const exposure = exposureOf(name, spec);
  const { trustedProxies = [], allowedHosts = [] } = spec.server;
  const origins = [
    ...(exposure?.host ? [originOf(exposure, exposure.host)] : []),
    ...(spec.server.allowedOrigins ?? []),
  ];
  const hosts = [...(exposure?.host ? [exposure.host] : []), ...allowedHosts];
  const services = [namesOf(name).server, ...(dashboard ? [namesOf(name).dashboard] : [])];
  return {
    ...(exposure?.backend === "proxied" ? { MCP_PROXY_PORT: `${ports.proxied}` } : {}),
    ...(exposure?.backend === "external" ? { MCP_EXTERNAL_PORT: `${ports.external}` } : {}),
    ...(spec.server.secondPort === undefined ? {} : { MCP_SECOND_PORT: `${spec.server.secondPort}` }),
    ...(exposure?.basePath ? { MCP_BASE_PATH: exposure.basePath } : {}),
    ...joined("MCP_TRUSTED_PROXIES", trustedProxies),
    ...joined("MCP_ALLOWED_ORIGINS", origins),
    ...joined(
      "MCP_ALLOWED_HOSTS",
      hosts.length === 0 ? [] : [...hosts, ...services.flatMap((service) => namesInside(namespace, service))],
    ),
  };
}

const joined = (variable: string, items: readonly string[]): Environment =>
  items.length === 0 ? {} : { [variable]: [...new Set(items)].join(",") };

/** Names of a Service for callers inside the cluster. */
const namesInside = (namespace: string, service: string): string[] =>
  ["", `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map((rest) => `${service}${rest}`);

/** Without items there is no variable: the pods of resources that do not use the field stay as they are. */
const asJson = (variable: string, items: readonly object[] = []): Environment =>
  items.length === 0 ? {} : { [variable]: canonicalJson(items) };

/** The environment of the bridge pod. */
export function bridgeEnvironment(blueprint: Blueprint): Environment {
  const { name, spec, telegramApiUrl } = blueprint;
  const { limits, queue, logLevel } = spec.bridge;
  return {
    NODE_ENV: "production",
    SERVICE_NAME: namesOf(name).bridge,
    LOG_LEVEL: logLevel,
    BRIDGE_PORT: `${ports.bridge}`,
    ...(isFenced(spec) ? { BRIDGE_FENCED: "true" } : {}),
    METRICS_PORT: `${ports.metrics}`,
    ...hmacEnvironment,
    TELEGRAM_BOT_TOKEN_FILE: `${paths.telegram}/token`,
    TELEGRAM_ALLOWED_USERS: spec.telegram.allowedUsers.join(","),
    ...asJson("TELEGRAM_CHATS", spec.telegram.chats),
    ...asJson("TELEGRAM_ROUTES", spec.telegram.routes),
    ...joined("TELEGRAM_ADMINS", (spec.telegram.admins ?? []).map(String)),
    ...(spec.telegram.pairing === undefined ? {} : { TELEGRAM_PAIRING: spec.telegram.pairing }),
    ...receivingEnvironment(blueprint),
    ...(telegramApiUrl === undefined ? {} : { TELEGRAM_API_URL: telegramApiUrl }),
    ...(spec.telegram.quietHours === undefined
      ? {}
      : { TELEGRAM_QUIET_HOURS: quietHoursText(spec.telegram.quietHours) }),
    ...(spec.telegram.timeZone === undefined ? {} : { CC_TELEGRAM_TIMEZONE: spec.telegram.timeZone }),
    ...(spec.telegram.messageStyle === undefined ? {} : { CC_TELEGRAM_MESSAGE_STYLE: spec.telegram.messageStyle }),
    TELEGRAM_RATE_LIMIT_GLOBAL: `${limits.messagesPerSecond}`,
    TELEGRAM_RATE_LIMIT_PER_CHAT: `${limits.messagesPerChatPerSecond}`,
    CC_TELEGRAM_DATA_DIR: paths.data,
    QUEUE_SIZE_LIMIT: `${queue.maxMessages}`,
    ...(queue.deduplicationSeconds === undefined
      ? {}
      : { DEDUPLICATION_WINDOW: `${queue.deduplicationSeconds * 1000}` }),
  };
}
