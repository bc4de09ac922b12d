import type { z } from "zod";
import type { LogLevel } from "../../contract/log-levels.ts";
import type { BridgeConfig, ProxyConfig } from "../bridge/config.ts";
import { isLoopback, type WebAccess } from "../listening/web-access.ts";
import { inHome, type Problem, problemsTogether } from "./rules.ts";
import { type Alias, type Role, type Values, type Variable, type VariableName, variables } from "./variables.ts";

export type ProcessConfig = {
  readonly log: { readonly level: LogLevel };
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly metrics: { readonly enabled: boolean; readonly host: string; readonly port: number };
  readonly shutdownTimeoutMs: number;
};

export type ServerConfig = {
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly shutdownDelayMs: number;
    readonly access: WebAccess;
    readonly trustedProxies: readonly string[];
  };
  readonly auth: { readonly enabled: boolean; readonly keysFile?: string; readonly keysJson?: string };
  readonly rateLimit: {
    readonly enabled: boolean;
    readonly requests: number;
    readonly windowMs: number;
    readonly blockMs: number;
  };
};

export type ServeConfig = ProcessConfig &
  ServerConfig & {
    readonly role: "serve";
    readonly bridgeClient: { readonly url: string; readonly timeoutMs: number };
    readonly hmac: { readonly secret: string };
  };

export type BridgeRoleConfig = ProcessConfig & { readonly role: "bridge"; readonly bridge: BridgeConfig };

export type StandaloneConfig = ProcessConfig &
  ServerConfig & { readonly role: "standalone"; readonly bridge: BridgeConfig };

/** The whole configuration of a process: frozen, complete, already checked. */
export type Config = ServeConfig | BridgeRoleConfig | StandaloneConfig;

/** What loading reads from the outside. */
export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined for a user without one. */
  readonly home: string | undefined;
  /** Reads a text file; throws when it cannot. */
  readonly readFile: (path: string) => string;
};

/** Every problem of a configuration in one message. It never shows a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ variable, problem, expected, example }) =>
        `  ${variable}: ${problem}\n    expected: ${expected}\n    example:  ${variable}=${example}`,
    );
    super(`The configuration cannot be used. Problems: ${problems.length}\n${lines.join("\n")}`);
    this.problems = problems;
  }
}

/** The configuration of a role from its environment. Throws ConfigError with every problem that there is. */
export function loadConfig(role: Role, surroundings: Surroundings): Config {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    if (variable.roles.includes(role)) values[name] = read(name, variable, role, surroundings, problems);
  }
  problems.push(...problemsTogether(role, values as Values, surroundings.home));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(assemble(role, values as Values, surroundings));
}

function read(name: string, variable: Variable, role: Role, surroundings: Surroundings, problems: Problem[]): unknown {
  const { env } = surroundings;
  const report = (problem: string, expected: string): undefined => {
    problems.push({ variable: name, problem, expected, example: variable.example });
  };
  try {
    const text = textOf(name, variable, surroundings) ?? defaultOf(variable, role);
    if (text === undefined) {
      return variable.required?.includes(role) ? report("is missing", expectation(name, variable)) : undefined;
    }
    const parsed = variable.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const other = env[name] ? undefined : aliasIn(variable, env)?.name;
    return report(other === undefined ? "is not usable" : `is not usable as ${other} gives it`, expected(parsed.error));
  } catch (error) {
    return report(error instanceof Error ? error.message : String(error), expectation(name, variable));
  }
}

function textOf(name: string, variable: Variable, { env, readFile }: Surroundings): string | undefined {
  const path = variable.file ? env[`${name}_FILE`] : undefined;
  if (path) {
    if (env[name]) throw new Error(`is set together with ${name}_FILE; set only one`);
    return contentOf(path, name, readFile, variable.file === "optional") || undefined;
  }
  // An empty variable is one that a template left unset.
  if (env[name]) return env[name].trim();
  const alias = aliasIn(variable, env);
  const given = alias && env[alias.name]?.trim();
  return given && alias.convert ? alias.convert(given) : given;
}

function aliasIn({ aliases }: Variable, env: Surroundings["env"]): Alias | undefined {
  return aliases?.find(({ name }) => env[name]);
}

function contentOf(path: string, name: string, readFile: (path: string) => string, mayBeAbsent: boolean): string {
  try {
    return readFile(path).trim();
  } catch (error) {
    if (mayBeAbsent && error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new Error(`cannot be read from the file that ${name}_FILE names${code}`);
  }
}

function defaultOf({ default: fallback }: Variable, role: Role): string | undefined {
  return typeof fallback === "object" ? fallback[role] : fallback;
}

function expectation(name: string, { description, file }: Variable): string {
  return file ? `${description} Set ${name} or ${name}_FILE.` : description;
}

function expected(error: z.ZodError): string {
  return [...new Set(error.issues.map(({ message }) => message))].join("; ");
}

function assemble(role: Role, values: Values, surroundings: Surroundings): Config {
  const need = <Name extends VariableName>(name: Name): NonNullable<Values[Name]> => {
    const value = values[name];
    if (value === undefined || value === null) throw new Error(`${name} has neither a value nor a default for ${role}`);
    return value;
  };
  const common: ProcessConfig = {
    log: { level: need("LOG_LEVEL") },
    service: { name: need("SERVICE_NAME"), version: need("SERVICE_VERSION"), instance: need("INSTANCE_ID") },
    metrics: { enabled: need("METRICS_ENABLED"), host: need("METRICS_HOST"), port: need("METRICS_PORT") },
    shutdownTimeoutMs: need("SHUTDOWN_TIMEOUT"),
  };
  if (role === "bridge") {
    const hmac = { hmacSecret: need("HMAC_SECRET"), previous: values.HMAC_SECRET_PREVIOUS };
    return { role, ...common, bridge: bridgeConfig(need, hmac, values, surroundings) };
  }
  const server = serverConfig(need, values);
  if (role === "standalone")
    return { role, ...common, ...server, bridge: bridgeConfig(need, { hmacSecret: "" }, values, surroundings) };
  return {
    role,
    ...common,
    ...server,
    bridgeClient: { url: need("BRIDGE_URL"), timeoutMs: need("BRIDGE_TIMEOUT") },
    hmac: { secret: need("HMAC_SECRET") },
  };
}

type Need = <Name extends VariableName>(name: Name) => NonNullable<Values[Name]>;

function serverConfig(need: Need, { MCP_API_KEYS_FILE: keysFile, MCP_API_KEYS: keysJson }: Values): ServerConfig {
  return {
    http: {
      host: need("MCP_SERVER_HOST"),
      port: need("MCP_SERVER_PORT"),
      shutdownDelayMs: need("SHUTDOWN_DELAY"),
      access: webAccess(need),
      trustedProxies: need("MCP_TRUSTED_PROXIES"),
    },
    auth: { enabled: need("MCP_ENABLE_AUTH"), ...(keysFile && { keysFile }), ...(keysJson && { keysJson }) },
    rateLimit: {
      enabled: need("MCP_ENABLE_RATE_LIMIT"),
      requests: need("MCP_RATE_LIMIT_REQUESTS"),
      windowMs: need("MCP_RATE_LIMIT_WINDOW"),
      blockMs: need("MCP_RATE_LIMIT_BLOCK"),
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

function bridgeConfig(need: Need, hmac: Hmac, values: Values, { env, home }: Surroundings): BridgeConfig {
  const proxy = proxyConfig(values);
  const tokenFile = env.TELEGRAM_BOT_TOKEN_FILE;
  return {
    host: need("BRIDGE_HOST"),
    port: need("BRIDGE_PORT"),
    dataDir: need("CC_TELEGRAM_DATA_DIR").replace(inHome, home ?? "~"),
    queueSizeLimit: need("QUEUE_SIZE_LIMIT"),
    queueBytesLimit: need("QUEUE_BYTES_LIMIT"),
    clientSharePercent: need("QUEUE_CLIENT_SHARE"),
    hmacSecret: hmac.hmacSecret,
    ...(hmac.previous && { hmacSecretPrevious: hmac.previous }),
    telegram: {
      token: need("TELEGRAM_BOT_TOKEN"),
      ...(tokenFile && { tokenFile }),
      allowedUsers: need("TELEGRAM_ALLOWED_USERS"),
      apiUrl: need("TELEGRAM_API_URL"),
      ...(proxy && { proxy }),
      apiTimeoutMs: need("TELEGRAM_API_TIMEOUT"),
      messagesPerSecond: need("TELEGRAM_RATE_LIMIT_GLOBAL"),
      messagesPerChatPerSecond: need("TELEGRAM_RATE_LIMIT_PER_CHAT"),
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
