import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { Access, Caller } from "../access/access.ts";
import { ByteBudget } from "../access/byte-budget.ts";
import type { Client } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { Connections } from "../listening/connections.ts";
import type { TurnEnd } from "../listening/turn-end.ts";
import type { Catalogue } from "../mcp/catalogue.ts";
import { createMcpServer } from "../mcp/mcp-server.ts";
import type { ListeningStreams } from "../mcp/transports/streamable-http/listening-streams.ts";
import { ResumableStreams } from "../mcp/transports/streamable-http/resumable-streams.ts";
import { streamableHttp } from "../mcp/transports/streamable-http/routes.ts";
import { SharedStreams } from "../mcp/transports/streamable-http/shared-streams.ts";
import { Identity } from "../mcp/transports/web-socket/identity.ts";
import type { OpenWebSockets } from "../mcp/transports/web-socket/open-web-sockets.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { type Authentication, callerOf, originOf, whenKnown } from "./authentication.ts";
import { takeTexts } from "./body-parser.ts";
import { type Challenged, challengeOf } from "./challenges.ts";
import { credentialsIn, mcpWebSocket } from "./mcp-web-socket.ts";
import { withOtherMethods } from "./methods.ts";
import type { Upgrades } from "./upgrades.ts";

export type McpRoutesOptions = {
  readonly config: { readonly service: { readonly version: string }; readonly auth: { readonly enabled: boolean } };
  readonly access: Access;
  readonly oauth?: Challenged | undefined;
  readonly authentication: Authentication;
  readonly connections: Connections;
  readonly turnEnd: TurnEnd;
  readonly upgrades: Upgrades;
  readonly catalogueOf: (client: Client) => Catalogue;
  readonly streams: ListeningStreams;
  readonly webSockets: OpenWebSockets;
  readonly sealSecret: string | SigningSecrets;
  readonly bridge: Pick<BridgeClient, "relay" | "sessions">;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
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
  const { config, access, authentication, upgrades, streams, bridge, logger, metrics } = options;
  const { listeners } = streams;
  const { version } = config.service;
  const { relay } = bridge;
  const onChannelEvents = metrics.channelEvents;
  const mcp = createMcpServer({ ...options, version, listeners, onChannelEvents, log: logger });
  const resumable = new ResumableStreams(options.newId);
  const { peers } = mcp;
  const sharedStreams = new SharedStreams({ relay, peers, own: resumable, newId: options.newId, log: logger });
  const upgrade = mcpWebSocket({
    ...options,
    ...mcp,
    listeners,
    isKeyed: config.auth.enabled,
    open: options.webSockets,
    bytes: new ByteBudget(messageBudget),
    logFor: (request_id) => logger.child({ request_id }),
  });
  app.addHook("preClose", async () => mcp.endListens());
  app.addHook("onClose", () => mcp.channels.close());
  app.addHook("onClose", mcp.listen());
  app.addHook("onClose", sharedStreams.listen());
  app.addHook("onRequest", (request, reply, done) => {
    // From there on it is no request any more: no other hook is run.
    if (upgrades.has(request.raw)) return upgrade(request, reply, done);
    const count = (caller: Caller): void => {
      request.refusal = authentication.count(caller, request, reply);
      done();
    };
    whenKnown(request, authentication.identify(request), count, done);
  });
  takeTexts(app);
  withOtherMethods(app, () =>
    streamableHttp(app, {
      ...options,
      ...mcp,
      resumable,
      sharedStreams,
      handOver: options.connections.handOver,
      clientNow: (request) => clientNow(request, access),
      callerOf: (request) => ({ caller: callerOf(request), origin: originOf(request) }),
      challengeOf: (error) => challengeOf(error, options.oauth),
      count: (request, reply) => authentication.count(callerOf(request), request, reply),
    }),
  );
}

/** Whose stream a request has become, as often as it is asked: its key may have been taken back since. */
function clientNow(request: FastifyRequest, { authenticate }: Access): () => Client | undefined {
  const identity = new Identity(authenticate, originOf(request));
  identity.know(callerOf(request), credentialsIn(request));
  return () => {
    try {
      return identity.current()?.client;
    } catch {
      return undefined;
    }
  };
}
