import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { routes } from "../../contract/routes.ts";
import type { Access } from "../access/access.ts";
import type { Connections } from "../listening/connections.ts";
import { sessionNameIn } from "../mcp/transports/streamable-http/session-name.ts";
import { type AcceptOptions, requireHandshake, webSockets } from "../mcp/transports/web-socket/accept.ts";
import type { Known } from "../mcp/transports/web-socket/connection-options.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { type Authentication, originOf, whenKnown } from "./authentication.ts";
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
export function mcpWebSocket(options: McpWebSocketOptions): (...asked: Asked) => void {
  const { access, authentication, isKeyed } = options;
  const accept = webSockets({ ...options, authenticate: access.authenticate });
  const answer = answers(options, accept);
  return (request, reply, fail) => {
    requireHandshake(request.raw);
    const credentials = credentialsIn(request);
    const isShown = !isKeyed || credentials.apiKey !== undefined || credentials.authorization !== undefined;
    if (!isShown) return answer(request, reply, undefined);
    whenKnown(
      request,
      authentication.identify(request),
      (caller) => {
        const refusal = authentication.count(caller, request, reply);
        if (refusal !== undefined) throw refusal;
        options.open.admit(caller.client.id, request.socket);
        answer(request, reply, { caller, credentials });
      },
      fail,
    );
  };
}

/** A request for an upgrade, its answer, and what is told of one that fails later. */
type Asked = [request: FastifyRequest, reply: FastifyReply, fail: (error: Error) => void];

function answers({ connections, upgrades, metrics }: McpWebSocketOptions, accept: ReturnType<typeof webSockets>) {
  return (request: FastifyRequest, reply: FastifyReply, known: Known | undefined): void => {
    const upgrade = upgrades.take(request.raw);
    if (upgrade === undefined) return;
    reply.hijack();
    metrics.requests.inc({ method: "GET", route: routes.mcp, status: "101" });
    accept({
      ...upgrade,
      known,
      sessionName: sessionNameIn(request),
      origin: originOf(request),
      onKnown: ({ isAuthenticated }) => {
        if (isAuthenticated) connections.handOver(upgrade.socket as Socket);
      },
    });
  };
}

export function credentialsIn({ headers }: FastifyRequest) {
  const { "x-api-key": key, authorization } = headers;
  return { apiKey: typeof key === "string" ? key : undefined, authorization };
}
