import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { bindable } from "../unspecified-address.ts";

export type MetricsServer = { readonly url: string; close(): Promise<void> };

/** Serves `GET /metrics` on a port of its own, so that network policies can let Prometheus in there and nowhere else. */
export async function startMetricsServer(
  registry: Registry,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url?.split("?", 1)[0] !== "/metrics") return void response.writeHead(404).end();
    if (request.method !== "GET") return void response.writeHead(405, { allow: "GET" }).end();
    expose(registry, response).catch(() => response.destroy());
  });
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
export function baseUrl({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0" || address === "::") return `http://localhost:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

async function expose(registry: Registry, response: ServerResponse): Promise<void> {
  const text = await registry.metrics();
  response.writeHead(200, { "content-type": registry.contentType }).end(text);
}
