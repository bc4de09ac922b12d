import { ConfigError } from "../../config/config-error.ts";
import { type Surroundings as ReadingSurroundings, readVariables } from "../../config/read-variables.ts";
import type { LogLevel } from "../../contract/log-levels.ts";
import type { Service } from "../../contract/roles.ts";
import { routes } from "../../contract/routes.ts";
import type { BridgeConfig } from "../bridge/config.ts";
import type { ProxyConfig } from "../outgoing/outgoing-fetch.ts";
import type { HmacConfig } from "../process/followed-secrets.ts";
import type { LogFilesConfig } from "../process/log-files.ts";
import type { ProjectFilesOptions } from "../projects/project-files.ts";
import type { AuditConfig } from "../telemetry/audit.ts";
import type { LogFormat } from "../telemetry/log-lines.ts";
import { bridgeConfig, proxyConfig } from "./bridge-config.ts";
import { type Need, needOf } from "./need.ts";
import { inHome, problemsTogether } from "./rules.ts";
import { type InputConfig, inputConfig, type ServerConfig, serverConfig } from "./server-config.ts";
import { type Values, variables } from "./variables.ts";

export type { ServerConfig } from "./server-config.ts";

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

export type ServeConfig = ProcessConfig &
  ServerConfig & {
    readonly role: "serve";
    readonly bridgeClient: { readonly url: string; readonly timeoutMs: number };
    readonly hmac: HmacConfig;
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
  readonly projects: ProjectFilesOptions;
  /** What people know the client's session as. */
  readonly session?: string;
};

/** Server and bridge for whoever has started the process. */
export type StdioAloneConfig = ProcessConfig & {
  readonly role: "stdio";
  readonly remote?: undefined;
  readonly session?: string;
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
export function loadConfig(role: Service, surroundings: Surroundings): Config {
  const { values, problems } = readVariables(variables, role, surroundings);
  const alone = new Set(problems.map(({ variable }) => variable));
  const together = problemsTogether(role, values, surroundings.home).filter(({ variable }) => !alone.has(variable));
  const all = [...problems, ...together];
  if (all.length > 0) throw new ConfigError(all);
  return deepFreeze(assemble(role, values, surroundings));
}

function assemble(role: Service, values: Values, { home }: Surroundings): Config {
  const need = needOf(values, role);
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
    return { role, ...common, bridge: bridgeConfig(need, hmacConfig(need, values), values, home) };
  }
  if (role === "stdio") return { role, ...common, ...stdioConfig(need, values, home) };
  const server = serverConfig(need, values);
  if (role === "standalone") return { role, ...common, ...server, ...aloneConfig(need, values, home) };
  return {
    role,
    ...common,
    ...server,
    bridgeClient: { url: need("BRIDGE_URL"), timeoutMs: need("BRIDGE_TIMEOUT") },
    hmac: hmacConfig(need, values),
  };
}

/** What signs between server and bridge, and what counts beside it. */
function hmacConfig(need: Need, { HMAC_SECRET_PREVIOUS: previous, HMAC_SECRET_NEXT: next }: Values): HmacConfig {
  const { value: secret, path } = need("HMAC_SECRET");
  const beside = [previous, next].flatMap((each) => each ?? []);
  return { secret, ...(path && { path }), ...(beside.length > 0 && { beside }) };
}

function logFilesConfig(need: Need, { CC_TELEGRAM_LOGS_DIR: folder }: Values, home: string | undefined) {
  if (folder === undefined) return {};
  const path = folder.replace(inHome, home ?? "~");
  const rotation = { maxBytes: need("LOG_MAX_SIZE"), maxFiles: need("LOG_MAX_FILES") };
  return { logFiles: { folder: path, ...rotation, audit: need("SECURITY_AUDIT_LOG") } };
}

function stdioConfig(need: Need, values: Values, home: string | undefined) {
  const { CCTELEGRAM_URL: url, CCTELEGRAM_SESSION: name } = values;
  const session = name === undefined ? {} : { session: name };
  if (url === undefined) return { ...session, input: inputConfig(need), ...aloneConfig(need, values, home) };
  const proxy = proxyConfig(values);
  const apiKey = need("CCTELEGRAM_API_KEY");
  const address = url.endsWith(routes.mcp) ? url : url + routes.mcp;
  const projects = projectsConfig(values, home);
  return { ...session, projects, remote: { url: address, apiKey, ...(proxy && { proxy }) } };
}

/** Of a server that is alone with its bridge, on the machine of those who use it. */
function aloneConfig(need: Need, values: Values, home: string | undefined) {
  const { value: secret = "", path } = values.HMAC_SECRET ?? {};
  return {
    bridge: bridgeConfig(need, { secret, ...(path && { path }) }, values, home),
    projects: projectsConfig(values, home),
  };
}

function projectsConfig(values: Values, home: string | undefined): ProjectFilesOptions {
  const roots = (values.CC_TELEGRAM_PROJECT_ROOTS ?? []).map((path) => path.replace(inHome, home ?? "~"));
  return { roots, home };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
