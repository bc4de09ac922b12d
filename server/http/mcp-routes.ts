import type { FastifyInstance } from "fastify";
import type { Access } from "../access/access.ts";
import { ByteBudget } from "../access/byte-budget.ts";
import type { Client } from "../access/client.ts";
import type { Connections } from "../listening/connections.ts";
import type { Catalogue } from "../mcp/catalogue.ts";
import { ClientRequests } from "../mcp/client-requests.ts";
import { createDispatcher } from "../mcp/dispatcher.ts";
import { LogLevels } from "../mcp/log-levels.ts";
import { methods } from "../mcp/methods/registry.ts";
import { createRequestStates } from "../mcp/request-state.ts";
import { createSeal } from "../mcp/seal.ts";
import { serverFacts } from "../mcp/server-info.ts";
import { createSessionIds } from "../mcp/session-id.ts";
import { SessionListeners } from "../mcp/session-listeners.ts";
import { Subscriptions } from "../mcp/subscriptions.ts";
import type { ListeningStreams } from "../mcp/transports/streamable-http/listening-streams.ts";
import { streamableHttp } from "../mcp/transports/streamable-http/routes.ts";
import type { OpenWebSockets } from "../mcp/transports/web-socket/open-web-sockets.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { type Authentication, callerOf, originOf } from "./authentication.ts";
import { takeTexts } from "./body-parser.ts";
import { mcpWebSocket } from "./mcp-web-socket.ts";
import { withOtherMethods } from "./methods.ts";
import type { Upgrades } from "./upgrades.ts";

export type McpRoutesOptions = {
  readonly config: { readonly service: { readonly version: string }; readonly auth: { readonly enabled: boolean } };
  readonly access: Access;
  readonly connections: Connections;
  readonly upgrades: Upgrades;
  readonly webSockets: OpenWebSockets;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly authentication: Authentication;
  readonly catalogueOf: (client: Client) => Catalogue;
  readonly streams: ListeningStreams;
  readonly sealSecrets: readonly string[];
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** What large messages on the WebSockets of one client, and of all, may have while they come in and are answered, in bytes. */
const messageBudget = { each: 16 * 2 ** 20, all: 64 * 2 ** 20 };

/**
 * MCP on /mcp. A client over its limit is refused after its message was read, because only then the refusal can be an
 * answer to it: at HTTP 429 clients end the session.
 */
export function mcpRoutes(app: FastifyInstance, options: McpRoutesOptions): void {
  const { config, authentication, catalogueOf, streams, sealSecrets, clock, newId } = options;
  const listeners = new SessionListeners((sessionId) => subscriptions.end(sessionId));
  const subscriptions = new Subscriptions((sessionId, message) => {
    if (!listeners.tell(sessionId, message)) streams.tell(sessionId, message);
  });
  const dispatcher = createDispatcher({
    server: serverFacts(config.service.version, methods),
    catalogueOf,
    clientRequests: new ClientRequests(newId),
    requestStates: createRequestStates(createSeal(sealSecrets, "request state"), clock),
    logLevels: new LogLevels(),
    subscriptions,
    clock,
  });
  const upgrade = mcpWebSocket({
    ...options,
    isKeyed: config.auth.enabled,
    dispatcher,
    listeners,
    open: options.webSockets,
    bytes: new ByteBudget(messageBudget),
    logFor: (request_id) => options.logger.child({ request_id }),
  });
  app.addHook("onRequest", (request, reply, done) => {
    // From there on it is no request any more: no other hook is run.
    if (options.upgrades.has(request.raw)) return upgrade(request, reply);
    request.refusal = authentication.count(authentication.identify(request), request, reply);
    done();
  });
  takeTexts(app);
  withOtherMethods(app, () =>
    streamableHttp(app, {
      dispatcher,
      sessions: createSessionIds({ seal: createSeal(sealSecrets, "session"), clock, newId }),
      streams,
      catalogueOf,
      callerOf: (request) => ({ caller: callerOf(request), origin: originOf(request) }),
      count: (request, reply) => authentication.count(callerOf(request), request, reply),
      clock,
    }),
  );
}
