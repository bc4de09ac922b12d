import type { FastifyInstance } from "fastify";
import type { Client } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { Cancellations } from "../mcp/cancellations.ts";
import type { Catalogue } from "../mcp/catalogue.ts";
import { ClientRequests } from "../mcp/client-requests.ts";
import { createDispatcher } from "../mcp/dispatcher.ts";
import { Listens } from "../mcp/listens.ts";
import { LogLevels } from "../mcp/log-levels.ts";
import { methods } from "../mcp/methods/registry.ts";
import { Peers } from "../mcp/peers.ts";
import { createRequestStates } from "../mcp/request-state.ts";
import { createSeal } from "../mcp/seal.ts";
import { serverFacts } from "../mcp/server-info.ts";
import { createSessionIds } from "../mcp/session-id.ts";
import { SessionNotices } from "../mcp/session-notices.ts";
import { Subscriptions } from "../mcp/subscriptions.ts";
import { SharedTasks } from "../mcp/tasks/shared-tasks.ts";
import { Tasks } from "../mcp/tasks/tasks.ts";
import type { ListeningStreams } from "../mcp/transports/streamable-http/listening-streams.ts";
import { ResumableStreams } from "../mcp/transports/streamable-http/resumable-streams.ts";
import { streamableHttp } from "../mcp/transports/streamable-http/routes.ts";
import { SharedStreams } from "../mcp/transports/streamable-http/shared-streams.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type Authentication, callerOf, originOf } from "./authentication.ts";
import { takeTexts } from "./body-parser.ts";
import { withOtherMethods } from "./methods.ts";

export type McpRoutesOptions = {
  readonly config: { readonly service: { readonly version: string } };
  readonly authentication: Authentication;
  readonly catalogueOf: (client: Client) => Catalogue;
  readonly streams: ListeningStreams;
  readonly sealSecret: string;
  readonly bridge: Pick<BridgeClient, "relay">;
  readonly logger: Logger;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/**
 * MCP on /mcp. A client over its limit is refused after its message was read, because only then the refusal can be an
 * answer to it: at HTTP 429 clients end the session.
 */
export function mcpRoutes(app: FastifyInstance, options: McpRoutesOptions): void {
  const { config, authentication, catalogueOf, streams, sealSecret, bridge, logger, clock, newId } = options;
  const sessions = createSessionIds({ secret: sealSecret, clock, newId });
  const { listeners } = streams;
  const { relay } = bridge;
  const peers = new Peers(relay, newId);
  const tasks = new Tasks({ clock, newId });
  const resumable = new ResumableStreams(newId);
  const sharedStreams = new SharedStreams({ relay, peers, own: resumable, newId, log: logger });
  const parts = {
    logLevels: new LogLevels((session) => notices.recall(session)),
    subscriptions: new Subscriptions((sessionKey, message) => listeners.tell(sessionKey, message)),
    cancellations: new Cancellations(),
    clientRequests: new ClientRequests(newId),
    listens: new Listens(),
    tasks,
    sharedTasks: new SharedTasks(tasks, peers),
  };
  const notices: SessionNotices = new SessionNotices({
    relay,
    sessions,
    listeners,
    log: logger,
    ...parts,
  });
  const dispatcher = createDispatcher({
    server: serverFacts(config.service.version, methods),
    catalogueOf,
    requestStates: createRequestStates(createSeal(sealSecret, "request state"), clock),
    notices,
    clock,
    ...parts,
  });
  app.addHook("preClose", async () => parts.listens.end());
  for (const part of [notices, peers, sharedStreams]) app.addHook("onClose", part.listen());
  app.addHook("onRequest", (request, reply, done) => {
    request.refusal = authentication.count(authentication.identify(request), request, reply);
    done();
  });
  takeTexts(app);
  withOtherMethods(app, () =>
    streamableHttp(app, {
      dispatcher,
      sessions,
      streams,
      notices,
      resumable,
      sharedStreams,
      catalogueOf,
      callerOf: (request) => ({ caller: callerOf(request), origin: originOf(request) }),
      count: (request, reply) => authentication.count(callerOf(request), request, reply),
      clock,
    }),
  );
}
