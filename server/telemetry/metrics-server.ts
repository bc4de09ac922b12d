import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { routes } from "../../contract/routes.ts";
import { boundConnections, requestTimes } from "../listening/connections.ts";
import { holdBodies } from "../listening/expectations.ts";
import { bindable } from "../listening/unspecified-address.ts";
import { isLoopback, type WebAccess, webAccessAllowed } from "../listening/web-access.ts";

export type MetricsServer = { readonly url: string; close(): Promise<void> };

export type MetricsServerOptions = {
  readonly host: string;
  readonly port: number;
  /** Names under which it may be asked, beside its own; undefined: any, unless it listens on loopback. */
  readonly allowedHosts?: readonly string[] | undefined;
};

// A few scrapers, and nobody else has a reason to come.
const connectionLimits = { total: 64, answerTimeoutMs: 10_000 };

/** Serves `GET /metrics` on a port of its own, so that network policies can let Prometheus in there and nowhere else. */
export async function startMetricsServer(
  registry: Registry,
  { host, port, allowedHosts }: MetricsServerOptions,
): Promise<MetricsServer> {
  const access = { allowedOrigins: [], allowedHosts: allowedHosts ?? (isLoopback(host) ? [] : undefined) };
  const read = shared(() => registry.metrics());
  const server = createServer(requestTimes, (request, response) => {
    // Nothing here has a body that anybody reads.
    if (!isBodyless(request)) response.setHeader("connection", "close");
    const status = refusal(request, access);
    if (status !== undefined) return void response.writeHead(status, status === 405 ? { allow: "GET" } : {}).end();
    expose(read, registry.contentType, response).catch(() => response.destroy());
  });
  boundConnections(server, connectionLimits);
  holdBodies(server);
  server.listen(port, await bindable(host));
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return {
    url: baseUrl(address),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `http://host:port` of a bound address; the unspecified address becomes a loopback name that a person can open. */
export function baseUrl({ address, family, port }: AddressInfo, scheme: "http" | "https" = "http"): string {
  if (address === "0.0.0.0" || address === "::") return `${scheme}://localhost:${port}`;
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** The status with which a request is refused; undefined when it is answered. */
function refusal({ headers, method, url, socket }: IncomingMessage, access: WebAccess): number | undefined {
  const asked = {
    origin: headers.origin,
    host: headers.host,
    scheme: "http",
    localAddress: socket.localAddress,
  };
  if (!webAccessAllowed(asked, access)) return 403;
  if (url?.split("?", 1)[0] !== routes.metrics) return 404;
  return method === "GET" ? undefined : 405;
}

const isBodyless = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;

/** Whoever asks while an answer is being made gets that one: many askers cost no more than one. */
function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= make().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function expose(read: () => Promise<string>, contentType: string, response: ServerResponse): Promise<void> {
  const text = await read();
  response.writeHead(200, { "content-type": contentType }).end(text);
}
