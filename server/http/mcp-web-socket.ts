import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { routes } from "../../contract/routes.ts";
import type { Access } from "../access/access.ts";
import type { Connections } from "../listening/connections.ts";
import { type AcceptOptions, requireHandshake, webSockets } from "../mcp/transports/web-socket/accept.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { type Authentication, originOf } from "./authentication.ts";
import type { Upgrades } from "./upgrades.ts";

export type McpWebSocketOptions = Omit<AcceptOptions, "authenticate"> & {
  readonly access: Access;
  readonly authentication: Authentication;
  /** False: whoever comes is known. */
  readonly isKeyed: boolean;
  readonly connections: Connections;
  readonly upgrades: Upgrades;
  readonly metrics: ServerMetrics;
};

/**
 * Makes WebSockets of requests for them. The hooks before have looked at where a request comes from; a wrong key and a
 * client over its limit are refused by HTTP. A client that can send no headers shows its key in its first message.
 */
export function mcpWebSocket(options: McpWebSocketOptions): (request: FastifyRequest, reply: FastifyReply) => void {
  const { access, authentication, isKeyed, connections, upgrades, metrics, open } = options;
  const accept = webSockets({ ...options, authenticate: access.authenticate });
  return (request, reply) => {
    requireHandshake(request.raw);
    const credentials = credentialsIn(request);
    const isShown = !isKeyed || credentials.apiKey !== undefined || credentials.authorization !== undefined;
    const caller = isShown ? authentication.identify(request) : undefined;
    if (caller !== undefined) {
      const refusal = authentication.count(caller, request, reply);
      if (refusal !== undefined) throw refusal;
      open.admit(caller.client.id, request.socket);
    }
    const upgrade = upgrades.take(request.raw);
    if (upgrade === undefined) return;
    reply.hijack();
    metrics.requests.inc({ method: "GET", route: routes.mcp, status: "101" });
    accept({
      ...upgrade,
      known: caller && { caller, credentials },
      origin: originOf(request),
      onKnown: ({ isAuthenticated }) => {
        if (isAuthenticated) connections.handOver(upgrade.socket as Socket);
      },
    });
  };
}

function credentialsIn({ headers }: FastifyRequest) {
  const { "x-api-key": key, authorization } = headers;
  return { apiKey: typeof key === "string" ? key : undefined, authorization };
}
