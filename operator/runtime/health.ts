import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Registry } from "prom-client";
import type { HealthCheck } from "./health-checks.ts";
import type { Logger } from "./logger.ts";
import type { Authorize } from "./token-authorizer.ts";

export type HealthServerOptions = {
  /** Default: all addresses, IPv6 and IPv4, as far as the machine has them. */
  readonly host?: string | undefined;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger: Logger;
  /** Served at /healthz and /livez. */
  readonly liveness?: readonly HealthCheck[];
  /** Served at /readyz. */
  readonly readiness?: readonly HealthCheck[];
  /** Served at /metrics. */
  readonly registry?: Registry;
  /** Who may read the metrics. Default: everybody. */
  readonly authorize?: Authorize;
};

export type HealthServer = { readonly port: number; close(): Promise<void> };

type Page = { readonly status: number; readonly type: string; readonly body: string };
type Route = (request: IncomingMessage) => Page | Promise<Page>;

/** The kubelet and a few scrapers connect; an address needs no more than this. */
const mostConnectionsOfAddress = 16;
const mostConnections = 256;

/**
 * An HTTP server with the endpoints for which parts are given; others answer 404. Rejects when it cannot listen.
 *
 * @example
 * ```ts
 * const server = await startHealthServer({
 *   port: 8081,
 *   logger,
 *   liveness: [workersMoving([controller])],
 *   readiness: [cachesSynced([reflector])],
 *   registry: metrics.registry,
 * });
 * await server.close();
 * ```
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const routes = routesOf(options);
  const server = createServer(limits, (request, response) => answer(request, response, routes, options.logger));
  boundConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.host }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** In milliseconds. Callers are near, and their requests are small. */
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 60_000,
};

/** Timeout of a connection without traffic. */
const idleMs = 65_000;

/** So that no caller can use up the memory, or keep the kubelet out. */
function boundConnections(server: Server): void {
  const counts = new Map<string, number>();
  server.maxConnections = mostConnections;
  server.setTimeout(idleMs);
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    socket.once("close", () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
    if (count > mostConnectionsOfAddress) socket.destroy();
  });
}

function routesOf({ liveness, readiness, registry, authorize }: HealthServerOptions): Map<string, Route> {
  const routes = new Map<string, Route>();
  if (liveness !== undefined) {
    routes.set("/healthz", () => report(liveness));
    routes.set("/livez", () => report(liveness));
  }
  if (readiness !== undefined) routes.set("/readyz", () => report(readiness));
  if (registry !== undefined) {
    const metrics = async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });
    routes.set("/metrics", authorize === undefined ? metrics : guarded(authorize, metrics));
  }
  return routes;
}

const text = (status: number, body: string): Page => ({ status, type: "text/plain; charset=utf-8", body });

const unauthenticated = text(401, "send the token of a Kubernetes account: Authorization: Bearer TOKEN\n");
const refusals = {
  unauthenticated,
  forbidden: text(403, 'the account may not "get" the path "/metrics"\n'),
  busy: text(429, "too many tokens from this address; try again in a second\n"),
} as const;

function guarded(authorize: Authorize, page: () => Promise<Page>): Route {
  return async (request) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (token === undefined) return unauthenticated;
    const access = await authorize(token, request.socket.remoteAddress ?? "");
    return access === "allowed" ? page() : refusals[access];
  };
}

/** In the form of the API server's own health pages. */
function report(checks: readonly HealthCheck[]): Page {
  let failed = false;
  const lines = checks.map(({ name, problem }) => {
    const reason = problem();
    failed ||= reason !== undefined;
    return reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`;
  });
  lines.push(failed ? "check failed" : "ok");
  return text(failed ? 503 : 200, `${lines.join("\n")}\n`);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
  logger: Logger,
): Promise<void> {
  // The body is not read: closing the connection discards it.
  if (hasBody(request)) response.setHeader("connection", "close");
  try {
    const { status, type, body } = await pageFor(request, routes);
    if (status === 401) response.setHeader("www-authenticate", "Bearer");
    response.writeHead(status, { "content-type": type }).end(body);
  } catch (error) {
    logger.error({ err: error }, "a health page failed");
    response.writeHead(500).end();
  }
}

const hasBody = ({ headers }: IncomingMessage) =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

async function pageFor(request: IncomingMessage, routes: ReadonlyMap<string, Route>): Promise<Page> {
  const route = routes.get(request.url?.split("?")[0] ?? "");
  if (route === undefined) return text(404, "not found\n");
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "only GET\n");
  return route(request);
}
