import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type PodsProxy = {
  readonly url: string;
  /** Whether pods answer; when not, connections break. */
  answering: boolean;
  /** Probes so far. */
  requests: number;
  close(): Promise<void>;
};

/**
 * Answers the operator's probes in place of all pods. The operator runs outside the cluster, where the names of Services
 * do not resolve; as an HTTP proxy this needs no name resolution.
 */
export async function startPodsProxy(): Promise<PodsProxy> {
  const server = createServer((request, response) => {
    proxy.requests += 1;
    if (proxy.answering) answer(request, response);
    else request.socket.destroy();
  });
  server.keepAliveTimeout = 60_000;
  server.on("connect", (_request, socket) => {
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    server.emit("connection", socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: PodsProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answering: true,
    requests: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const body = request.url?.endsWith("/mcp") ? handshake : status;
  response.writeHead(200, { "content-type": "application/json" }).end(body);
}

const handshake = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  result: { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "cctelegram", version: "bench" } },
});

const status = JSON.stringify({
  telegram: { reachable: true },
  queue: { usable: true, pending: 0, limit: 10_000 },
});
