import type { FastifyInstance } from "fastify";
import type { Client } from "../access/client.ts";
import type { Catalogue } from "../mcp/catalogue.ts";
import { ClientRequests } from "../mcp/client-requests.ts";
import { createDispatcher } from "../mcp/dispatcher.ts";
import { LogLevels } from "../mcp/log-levels.ts";
import { methods } from "../mcp/methods/registry.ts";
import { createRequestStates } from "../mcp/request-state.ts";
import { createSeal } from "../mcp/seal.ts";
import { serverFacts } from "../mcp/server-info.ts";
import { createSessionIds } from "../mcp/session-id.ts";
import { Subscriptions } from "../mcp/subscriptions.ts";
import { Tasks } from "../mcp/tasks/tasks.ts";
import type { ListeningStreams } from "../mcp/transports/streamable-http/listening-streams.ts";
import { ResumableStreams } from "../mcp/transports/streamable-http/resumable-streams.ts";
import { streamableHttp } from "../mcp/transports/streamable-http/routes.ts";
import { type Authentication, callerOf, originOf } from "./authentication.ts";
import { takeTexts } from "./body-parser.ts";
import { withOtherMethods } from "./methods.ts";

export type McpRoutesOptions = {
  readonly config: { readonly service: { readonly version: string } };
  readonly authentication: Authentication;
  readonly catalogueOf: (client: Client) => Catalogue;
  readonly streams: ListeningStreams;
  readonly sealSecrets: readonly string[];
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/**
 * MCP on /mcp. A client over its limit is refused after its message was read, because only then the refusal can be an
 * answer to it: at HTTP 429 clients end the session.
 */
export function mcpRoutes(app: FastifyInstance, options: McpRoutesOptions): void {
  const { config, authentication, catalogueOf, streams, sealSecrets, clock, newId } = options;
  const dispatcher = createDispatcher({
    server: serverFacts(config.service.version, methods),
    catalogueOf,
    clientRequests: new ClientRequests(newId),
    requestStates: createRequestStates(createSeal(sealSecrets, "request state"), clock),
    logLevels: new LogLevels(),
    subscriptions: new Subscriptions((sessionId, message) => streams.tell(sessionId, message)),
    tasks: new Tasks({ clock, newId }),
    clock,
  });
  app.addHook("onRequest", async (request, reply) => {
    request.refusal = authentication.count(authentication.identify(request), request, reply);
  });
  takeTexts(app);
  withOtherMethods(app, () =>
    streamableHttp(app, {
      dispatcher,
      sessions: createSessionIds({ seal: createSeal(sealSecrets, "session"), clock, newId }),
      streams,
      resumable: new ResumableStreams(newId),
      catalogueOf,
      callerOf: (request) => ({ caller: callerOf(request), origin: originOf(request) }),
      count: (request, reply) => authentication.count(callerOf(request), request, reply),
      clock,
    }),
  );
}
