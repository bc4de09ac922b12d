import { randomUUID } from "node:crypto";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { routes } from "../../../contract/routes.ts";
import type { ServeConfig } from "../../../server/config/config.ts";
import { loadConfig } from "../../../server/config/config.ts";
import type { Features } from "../../../server/features/features.ts";
import { healthPaths } from "../../../server/http/health-routes.ts";
import { serve } from "../../../server/roles/serve.ts";
import { createLogger } from "../../../server/telemetry/logger.ts";
import { createRegistry } from "../../../server/telemetry/metrics.ts";
import { secret } from "./fake-bridge.ts";

export const keys = {
  all: "key-of-a-client-that-may-do-everything",
  messages: "key-of-a-client-that-may-send-messages",
  nothing: "key-of-a-client-that-may-do-nothing!",
} as const;

export const keysJson = JSON.stringify({
  [keys.all]: { name: "admin", permissions: ["*"], enabled: true },
  [keys.messages]: { name: "claude", permissions: ["send_telegram_message", "get_bridge_status"], enabled: true },
  [keys.nothing]: { name: "guest", permissions: [], enabled: true },
});

/** Whether a route needs no key. */
export const isOpen = (route: string): boolean =>
  healthPaths.has(route) || route === routes.openApi || route === routes.docs;

export type TestServer = {
  readonly url: string;
  /** Of the further ports, when there are such. */
  readonly proxiedUrl: string;
  readonly externalUrl: string;
  readonly secondUrl: string;
  /** The log's lines, parsed. */
  readonly log: Record<string, unknown>[];
  /** The log as it was written. */
  readonly logText: () => string;
  metric(line: string): Promise<string | undefined>;
  /** Calls a path; the key is sent as X-API-Key. */
  fetch(path: string, init?: RequestInit & { key?: string; json?: unknown }): Promise<Response>;
  /** As SIGHUP asks for it. */
  reload(): Promise<void>;
  drain(): void;
  close(): Promise<void>;
};

/** Starts the real server on a free port, configured by the variables that a pod would have. */
export async function startServer(
  bridgeUrl: string,
  env: Record<string, string> = {},
  features?: Features,
  steady?: () => number,
): Promise<TestServer> {
  const config = loadConfig("serve", {
    env: {
      HMAC_SECRET: secret,
      BRIDGE_URL: bridgeUrl,
      MCP_SERVER_HOST: "127.0.0.1",
      MCP_SERVER_PORT: "0",
      LOG_LEVEL: "debug",
      // The event loop is that of the tests, too, which hold it up.
      MCP_MAX_EVENT_LOOP_DELAY: "0",
      ...(env.MCP_API_KEYS_FILE ? {} : { MCP_API_KEYS: keysJson }),
      ...env,
    },
    home: "/nonexistent",
    readFile: () => "",
  }) as ServeConfig;
  const lines: string[] = [];
  const logger = createLogger({
    ...config.log,
    service: config.service,
    destination: { write: (line) => lines.push(line) },
  });
  const registry = createRegistry();
  const running = await serve(
    config,
    logger,
    registry,
    { clock: Date.now, newId: randomUUID, ...(steady && { steady }) },
    features,
  );
  const url = running.addresses.http ?? "";
  return {
    url,
    proxiedUrl: running.addresses.proxied ?? "",
    externalUrl: running.addresses.external ?? "",
    secondUrl: running.addresses.second ?? "",
    get log() {
      return lines.map((line) => JSON.parse(line));
    },
    logText: () => lines.join(""),
    metric: async (name) =>
      (await registry.metrics())
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    fetch: (path, { key, json, ...init } = {}) =>
      fetch(url + path, {
        ...init,
        ...(json === undefined ? {} : { method: "POST", body: JSON.stringify(json) }),
        headers: {
          ...(key && { "x-api-key": key }),
          ...(json === undefined ? {} : { "content-type": "application/json" }),
          ...init.headers,
        },
      }),
    reload: async () => running.reload?.(),
    drain: running.drain,
    close: running.close,
  };
}

/** A real MCP client that is connected to a server. */
export async function connect(url: string, key: string, path = "/mcp"): Promise<Client> {
  const client = new Client({ name: "test-client", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url + path), {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
  });
  // The SDK's own transport does not fit its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

type Headers = Readonly<Record<string, string>>;

/** Posts messages of a session of the handshake era, begun with a version. */
export async function beginSession(
  server: Pick<TestServer, "fetch">,
  key: string,
  version = "2025-11-25",
  capabilities = {},
) {
  const accept = "application/json, text/event-stream";
  const params = { protocolVersion: version, capabilities, clientInfo: { name: "test", version: "1" } };
  const json = { jsonrpc: "2.0", id: 0, method: "initialize", params };
  const response = await server.fetch("/mcp", { key, json, headers: { accept } });
  const session = response.headers.get("mcp-session-id") ?? "";
  return {
    id: session,
    post: (message: unknown, headers: Headers = {}) =>
      server.fetch("/mcp", { key, json: message, headers: { accept, "mcp-session-id": session, ...headers } }),
  };
}

/** Posts a request of MCP 2026-07-28 with the headers that go with it. */
export function postStateless(
  server: Pick<TestServer, "fetch">,
  key: string,
  { method, params = {}, id = 1 }: { method: string; params?: Record<string, unknown>; id?: string | number },
  headers: Headers = {},
): Promise<Response> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
    ...(params._meta as object | undefined),
  };
  const subject = params.name ?? params.uri;
  return server.fetch("/mcp", {
    key,
    json: { jsonrpc: "2.0", id, method, params: { ...params, _meta } },
    headers: {
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(subject === undefined ? {} : { "mcp-name": String(subject) }),
      ...headers,
    },
  });
}
