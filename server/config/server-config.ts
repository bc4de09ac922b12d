import { ports } from "../../contract/ports.ts";
import type { BanRule } from "../access/ban-list.ts";
import type { OAuthConfig } from "../access/oauth/protected-resource.ts";
import { isLoopback, type WebAccess } from "../listening/web-access.ts";
import type { TlsConfig } from "../tls/certificate-pair.ts";
import type { Need } from "./need.ts";
import type { Values } from "./variables.ts";

/** How arguments of tools are looked at: strict refuses fields that a tool does not know, and else they are dropped. */
export type InputConfig = { readonly strict: boolean };

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

/** What answers clients, by its variables. */
export function serverConfig(need: Need, values: Values): ServerConfig {
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

export const inputConfig = (need: Need): InputConfig => ({ strict: need("INPUT_VALIDATION_STRICT") });

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
