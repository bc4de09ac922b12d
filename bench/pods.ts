import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ports } from "../contract/ports.ts";
import { podsAddress } from "./resolve-pods.mjs";

export type Pods = {
  /** Whether they answer; when not, connections break. */
  answering: boolean;
  /** Probes so far. */
  requests: number;
  close(): Promise<void>;
};

/** Answers the operator's probes in place of all pods: of MCP servers and of bridges. Listens on loopback alone. */
export async function startPods(): Promise<Pods> {
  const servers: Server[] = [];
  const pods: Pods = {
    answering: true,
    requests: 0,
    close: async () => {
      for (const server of servers) server.close();
      for (const server of servers) server.closeAllConnections();
    },
  };
  for (const port of [ports.mcp, ports.bridge]) {
    const server = createServer((request, response) => {
      pods.requests += 1;
      if (pods.answering) answer(request, response);
      else request.socket.destroy();
    });
    servers.push(server);
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, podsAddress, resolve));
  }
  return pods;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const body = request.url === "/mcp" ? handshake : status;
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
