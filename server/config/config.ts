import { ConfigError } from "../../config/config-error.ts";
import { type Surroundings as ReadingSurroundings, readVariables } from "../../config/read-variables.ts";
import type { LogLevel } from "../../contract/log-levels.ts";
import { ports } from "../../contract/ports.ts";
import type { Role } from "../../contract/roles.ts";
import { routes } from "../../contract/routes.ts";
import type { BanRule } from "../access/ban-list.ts";
import type { OAuthConfig } from "../access/oauth/protected-resource.ts";
import type { BridgeConfig, UpdatesConfig, WebhookConfig } from "../bridge/config.ts";
import { isLoopback, type WebAccess } from "../listening/web-access.ts";
import type { ProxyConfig } from "../outgoing/outgoing-fetch.ts";
import type { LogFilesConfig } from "../process/log-files.ts";
import type { ProjectFilesOptions } from "../projects/project-files.ts";
import type { AuditConfig } from "../telemetry/audit.ts";
import type { LogFormat } from "../telemetry/log-lines.ts";
import type { TlsConfig } from "../tls/certificate-pair.ts";
import { inHome, problemsTogether } from "./rules.ts";
import { type Values, type VariableName, variables } from "./variables.ts";

export type ProcessConfig = {
  /** A level from a file may change there. */
  readonly log: { readonly level: LogLevel; readonly format: LogFormat; readonly levelFile?: string };
  /** Absent: none. */
  readonly logFiles?: LogFilesConfig;
  readonly audit: AuditConfig;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly metrics: { readonly enabled: boolean; readonly host: string; readonly port: number };
  readonly shutdownTimeoutMs: number;
  /** Absent: no snapshot of the heap is written. */
  readonly heapSnapshotDir?: string;
};

/** How arguments of tools are looked at: strict refuses fields that a tool does not know, and else they are dropped. */
type InputConfig = { readonly strict: boolean };

export type ServerConfig = {
  readonly input: InputConfig;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Ports beside it; undefined: none. */
    readonly proxyPort: number | undefined;
    readonly externalPort: number | undefined;
    readonly secondPort: number | undefined;
    /** Begins with a slash and does not end with one; "" for none. */
    readonly basePath: string;
    readonly shutdownDelayMs: number;
    /** Above it load is shed; 0: never. */
    readonly maxLoopDelayMs: number;
    readonly access: WebAccess;
    readonly trustedProxies: readonly string[];
    /** Undefined: the ports speak HTTP. */
    readonly tls: TlsConfig | undefined;
  };
  readonly auth: {
    readonly enabled: boolean;
    readonly takesKeys: boolean;
    readonly keysFile?: string;
    readonly keysJson?: string;
    /** Absent: no access tokens are taken. */
    readonly oauth?: OAuthConfig;
  };
  readonly rateLimit: {
    readonly enabled: boolean;
    readonly requests: number;
    readonly windowMs: number;
    readonly blockMs: number;
    /** Of all clients together; 0: not limited. */
    readonly sharedRequests: number;
  };
  /** Absent: there is no dashboard. */
  readonly monitoring?: MonitoringConfig;
  readonly bans: { readonly enabled: boolean; readonly failures: BanRule; readonly limits: BanRule };
};

type MonitoringConfig = {
  readonly host: string;
  readonly port: number;
  /** One from a file may change there. Absent: who looks at it shows an API key. */
  readonly password?: { readonly value: string; readonly path?: string };
};

export type ServeConfig = ProcessConfig &
  ServerConfig & {
    readonly role: "serve";
    readonly bridgeClient: { readonly url: string; readonly timeoutMs: number };
    readonly hmac: { readonly secret: string };
  };

export type BridgeRoleConfig = ProcessConfig & { readonly role: "bridge"; readonly bridge: BridgeConfig };

export type StandaloneConfig = ProcessConfig &
  ServerConfig & {
    readonly role: "standalone";
    readonly bridge: BridgeConfig;
    readonly projects: ProjectFilesOptions;
  };

/** A client of a server elsewhere. */
export type StdioRemoteConfig = ProcessConfig & {
  readonly role: "stdio";
  readonly remote: {
    readonly url: string;
    readonly apiKey: string;
    /** Absent: the server is asked directly. */
    readonly proxy?: ProxyConfig;
  };
};

/** Server and bridge for whoever has started the process. */
export type StdioAloneConfig = ProcessConfig & {
  readonly role: "stdio";
  readonly remote?: undefined;
  readonly input: InputConfig;
  readonly bridge: BridgeConfig;
  readonly projects: ProjectFilesOptions;
};

export type StdioConfig = StdioRemoteConfig | StdioAloneConfig;

/** The whole configuration of a process: frozen, complete, already checked. */
export type Config = ServeConfig | BridgeRoleConfig | StandaloneConfig | StdioConfig;

/** What loading reads from the outside. */
export type Surroundings = ReadingSurroundings & {
  /** Undefined for a user without one. */
  readonly home: string | undefined;
};

/** The configuration of a role from its environment. Throws ConfigError with every problem that there is. */
export function loadConfig(role: Role, surroundings: Surroundings): Config {
  const { values, problems } = readVariables(variables, role, surroundings);
  const alone = new Set(problems.map(({ variable }) => variable));
  const together = problemsTogether(role, values, surroundings.home).filter(({ variable }) => !alone.has(variable));
  const all = [...problems, ...together];
  if (all.length > 0) throw new ConfigError(all);
  return deepFreeze(assemble(role, values, surroundings));
}

function assemble(role: Role, values: Values, { home }: Surroundings): Config {
  const need = <Name extends VariableName>(name: Name): NonNullable<Values[Name]> => {
    const value = values[name];
    if (value === undefined || value === null) throw new Error(`${name} has neither a value nor a default for ${role}`);
    return value;
  };
  const { value: level, path: levelFile } = need("LOG_LEVEL");
  const common: ProcessConfig = {
    log: { level, format: need("LOG_FORMAT"), ...(levelFile && { levelFile }) },
    ...logFilesConfig(need, values, home),
    audit: { enabled: need("SECURITY_AUDIT_LOG"), content: values.SECURITY_AUDIT_LOG_CONTENT ?? false },
    service: { name: need("SERVICE_NAME"), version: need("SERVICE_VERSION"), instance: need("INSTANCE_ID") },
    metrics: { enabled: need("METRICS_ENABLED"), host: need("METRICS_HOST"), port: need("METRICS_PORT") },
    shutdownTimeoutMs: need("SHUTDOWN_TIMEOUT"),
    ...(values.HEAP_SNAPSHOT_DIR && { heapSnapshotDir: values.HEAP_SNAPSHOT_DIR }),
  };
  if (role === "bridge") {
    const hmac = { hmacSecret: need("HMAC_SECRET"), previous: values.HMAC_SECRET_PREVIOUS };
    return { role, ...common, bridge: bridgeConfig(need, hmac, values, home) };
  }
  if (role === "stdio") return { role, ...common, ...stdioConfig(need, values, home) };
  const server = serverConfig(need, values);
  if (role === "standalone") return { role, ...common, ...server, ...aloneConfig(need, values, home) };
  return {
    role,
    ...common,
    ...server,
    bridgeClient: { url: need("BRIDGE_URL"), timeoutMs: need("BRIDGE_TIMEOUT") },
    hmac: { secret: need("HMAC_SECRET") },
  };
}

function logFilesConfig(need: Need, { CC_TELEGRAM_LOGS_DIR: folder }: Values, home: string | undefined) {
  if (folder === undefined) return {};
  const path = folder.replace(inHome, home ?? "~");
  const rotation = { maxBytes: need("LOG_MAX_SIZE"), maxFiles: need("LOG_MAX_FILES") };
  return { logFiles: { folder: path, ...rotation, audit: need("SECURITY_AUDIT_LOG") } };
}

function stdioConfig(need: Need, values: Values, home: string | undefined) {
  const { CCTELEGRAM_URL: url } = values;
  if (url === undefined) return { input: inputConfig(need), ...aloneConfig(need, values, home) };
  const proxy = proxyConfig(values);
  const apiKey = need("CCTELEGRAM_API_KEY");
  return { remote: { url: url.endsWith(routes.mcp) ? url : url + routes.mcp, apiKey, ...(proxy && { proxy }) } };
}

/** Of a server that is alone with its bridge, on the machine of those who use it. */
function aloneConfig(need: Need, values: Values, home: string | undefined) {
  const roots = (values.CC_TELEGRAM_PROJECT_ROOTS ?? []).map((path) => path.replace(inHome, home ?? "~"));
  return { bridge: bridgeConfig(need, { hmacSecret: "" }, values, home), projects: { roots, home } };
}

type Need = <Name extends VariableName>(name: Name) => NonNullable<Values[Name]>;

function serverConfig(need: Need, values: Values): ServerConfig {
  const { MCP_API_KEYS: keys } = values;
  return {
    input: inputConfig(need),
    http: {
      host: need("MCP_SERVER_HOST"),
      port: need("MCP_SERVER_PORT"),
      proxyPort: values.MCP_PROXY_PORT,
      externalPort: values.MCP_EXTERNAL_PORT,
      secondPort: values.MCP_SECOND_PORT,
      basePath: need("MCP_BASE_PATH"),
      shutdownDelayMs: need("SHUTDOWN_DELAY"),
      maxLoopDelayMs: need("MCP_MAX_EVENT_LOOP_DELAY"),
      access: webAccess(need),
      trustedProxies: need("MCP_TRUSTED_PROXIES"),
      tls: tlsConfig(need, values),
    },
    auth: {
      enabled: need("MCP_ENABLE_AUTH"),
      takesKeys: need("MCP_ENABLE_API_KEYS"),
      ...(keys?.path && { keysFile: keys.path }),
      ...(keys?.value && { keysJson: keys.value }),
      ...(values.MCP_OAUTH_ISSUER && { oauth: oauthConfig(need, values, values.MCP_OAUTH_ISSUER) }),
    },
    rateLimit: {
      enabled: need("MCP_ENABLE_RATE_LIMIT"),
      requests: need("MCP_RATE_LIMIT_REQUESTS"),
      windowMs: need("MCP_RATE_LIMIT_WINDOW"),
      blockMs: need("MCP_RATE_LIMIT_BLOCK"),
      sharedRequests: values.MCP_RATE_LIMIT_GLOBAL_REQUESTS ?? 10 * need("MCP_RATE_LIMIT_REQUESTS"),
    },
    bans: banConfig(need),
    ...monitoringConfig(need, values),
  };
}

const inputConfig = (need: Need): InputConfig => ({ strict: need("INPUT_VALIDATION_STRICT") });

function tlsConfig(need: Need, { TLS_CERT_PATH: certPath, TLS_KEY_PATH: keyPath }: Values): TlsConfig | undefined {
  if (certPath === undefined || keyPath === undefined) return undefined;
  return { certPath, keyPath, minVersion: need("TLS_MIN_VERSION") };
}

function oauthConfig(need: Need, values: Values, issuer: string): OAuthConfig {
  const { MCP_OAUTH_JWKS_URL: jwksUrl, MCP_OAUTH_OFFERED_PERMISSIONS: offered } = values;
  return {
    issuer,
    resource: need("MCP_OAUTH_RESOURCE"),
    ...(jwksUrl && { jwksUrl }),
    scopes: { prefix: need("MCP_OAUTH_SCOPE_PREFIX"), allowsAll: need("MCP_OAUTH_ALLOW_ALL") },
    ...(offered && { offered }),
  };
}

function monitoringConfig(need: Need, values: Values): Pick<ServerConfig, "monitoring"> {
  const { MONITORING_PASSWORD: password, MONITORING_SERVER_PORT: port } = values;
  if (password === undefined && port === undefined) return {};
  const host = values.MONITORING_SERVER_HOST ?? need("MCP_SERVER_HOST");
  return { monitoring: { host, port: port ?? ports.dashboard, ...(password && { password }) } };
}

function banConfig(need: Need): ServerConfig["bans"] {
  return {
    enabled: need("MCP_ENABLE_BANS"),
    failures: {
      strikes: need("MCP_BAN_FAILURES"),
      windowMs: need("MCP_BAN_FAILURES_WINDOW"),
      banMs: need("MCP_BAN_FAILURES_TIME"),
    },
    limits: {
      strikes: need("MCP_BAN_LIMITS"),
      windowMs: need("MCP_BAN_LIMITS_WINDOW"),
      banMs: need("MCP_BAN_LIMITS_TIME"),
    },
  };
}

/** Without keys the name is all that tells a rebound web page from a client. */
function webAccess(need: Need): WebAccess {
  const allowedHosts = need("MCP_ALLOWED_HOSTS");
  const isRestricted = allowedHosts.length > 0 || !need("MCP_ENABLE_AUTH") || isLoopback(need("MCP_SERVER_HOST"));
  return {
    allowedOrigins: need("MCP_ALLOWED_ORIGINS"),
    allowedHosts: isRestricted ? allowedHosts : undefined,
  };
}

type Hmac = { readonly hmacSecret: string; readonly previous?: string | undefined };

function proxyConfig({ HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: none }: Values): ProxyConfig | undefined {
  if (http === undefined && https === undefined) return undefined;
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
}

function bridgeConfig(need: Need, hmac: Hmac, values: Values, home: string | undefined): BridgeConfig {
  const proxy = proxyConfig(values);
  const { value: token, path: tokenFile } = need("TELEGRAM_BOT_TOKEN");
  return {
    ...(values.BRIDGE_PORT === undefined
      ? { host: "", port: 0, isHidden: true }
      : { host: need("BRIDGE_HOST"), port: values.BRIDGE_PORT }),
    dataDir: need("CC_TELEGRAM_DATA_DIR").replace(inHome, home ?? "~"),
    queueSizeLimit: need("QUEUE_SIZE_LIMIT"),
    queueBytesLimit: need("QUEUE_BYTES_LIMIT"),
    clientSharePercent: need("QUEUE_CLIENT_SHARE"),
    hmacSecret: hmac.hmacSecret,
    ...(hmac.previous && { hmacSecretPrevious: hmac.previous }),
    ...(values.WEBHOOK_URL !== undefined && { webhook: webhookConfig(values.WEBHOOK_URL, values) }),
    telegram: {
      token,
      ...(tokenFile && { tokenFile }),
      allowedUsers: need("TELEGRAM_ALLOWED_USERS"),
      chats: need("TELEGRAM_CHATS"),
      routes: need("TELEGRAM_ROUTES"),
      ...(values.TELEGRAM_ADMINS && { admins: values.TELEGRAM_ADMINS }),
      apiUrl: need("TELEGRAM_API_URL"),
      ...(proxy && { proxy }),
      apiTimeoutMs: need("TELEGRAM_API_TIMEOUT"),
      messagesPerSecond: need("TELEGRAM_RATE_LIMIT_GLOBAL"),
      messagesPerChatPerSecond: need("TELEGRAM_RATE_LIMIT_PER_CHAT"),
      ...(values.TELEGRAM_QUIET_HOURS && { quietHours: values.TELEGRAM_QUIET_HOURS }),
      timeZone: need("CC_TELEGRAM_TIMEZONE"),
      updates: updatesConfig(need, values),
    },
  };
}

function webhookConfig(url: string, { WEBHOOK_SECRET: secret }: Values): WebhookConfig {
  return secret === undefined ? { url } : { url, secret };
}

function updatesConfig(need: Need, { TELEGRAM_WEBHOOK_PORT: port }: Values): UpdatesConfig {
  const mode = need("TELEGRAM_UPDATES");
  if (mode !== "Webhook") return { mode };
  return { mode, url: need("TELEGRAM_WEBHOOK_URL"), ...(port !== undefined && { port }) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
