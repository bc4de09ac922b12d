import type { ServerResponse } from "node:http";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import type { ErrorCode } from "../../../contract/error-catalogue.ts";
import { ServerError } from "../../../contract/errors.ts";
import { type Action, actionPermissions, actionSchema, type Overview } from "../../../contract/monitoring.ts";
import { asServerError, replyError } from "../../../server/http/error-reply.ts";
import { securityHeaders } from "../../../server/http/security-headers.ts";
import { dashboardPage } from "../../../server/monitoring/page/page.ts";
import { historyOf, traceOf } from "./past.ts";
import { eventId, overviewOf, type StateName } from "./states.ts";

export type ServedDashboard = {
  readonly url: string;
  /** A key that may do everything, and one that may do nothing. */
  readonly keys: { readonly admin: string; readonly powerless: string };
  /** What was asked for, in order. */
  readonly actions: readonly Action[];
  /** Tells all pages how it is now. */
  tell(overview: Overview): void;
  /** Pages that listen now. */
  readonly listeners: number;
  /** Ends all streams, and answers with this error alone from then on; undefined: all is well again. */
  fail(code: ErrorCode | undefined): void;
  /** Refuses streams alone. */
  refuseStreams(): void;
} & AsyncDisposable;

/** The dashboard's page and what answers it, in a state that does not change by itself. With a path as behind a proxy. */
export async function serveDashboard(state: StateName, path = "/"): Promise<ServedDashboard> {
  const app = fastify({ routerOptions: { maxParamLength: 4_096 } });
  const streams = new Set<ServerResponse>();
  const actions: Action[] = [];
  const keys = { admin: "admin-key-5f0c1b7e9a", powerless: "powerless-key-83b1c0d2" };
  let overview = overviewOf(state, Date.now());
  let refusesStreams = false;
  let failure: ErrorCode | undefined;

  securityHeaders(app, { draining: false });
  app.setErrorHandler((error, request, reply) =>
    replyError(asServerError(error as Error), request, reply, { now: Date.now() }),
  );
  app.addHook("onRequest", async () => {
    if (failure !== undefined) throw new ServerError(failure, { reason: "No valid key was sent.", retry_after: 2 });
  });
  const page = dashboardPage();
  app.get(path, async (_request, reply) =>
    reply
      .header("content-security-policy", page.contentSecurityPolicy)
      .type("text/html; charset=utf-8")
      .send(page.html),
  );
  readingRoutes(app, path, state, () => overview);
  app.get(`${path}api/monitoring/stream`, (_request, reply) => {
    if (refusesStreams) throw new ServerError("SERVER_OVERLOADED", { retry_after: 2 });
    reply.hijack();
    reply.raw.writeHead(200, {
      ...Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)])),
      "content-type": "text/event-stream",
    });
    reply.raw.write(eventOf(overview));
    streams.add(reply.raw);
    reply.raw.once("close", () => streams.delete(reply.raw));
  });
  app.post(`${path}api/monitoring/actions`, async (request) => {
    const action = actionSchema.parse(request.body);
    admit(request, action, keys);
    actions.push(action);
    return { done: true, message: `Done: ${action.action}` };
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}${path}`,
    keys,
    actions,
    get listeners() {
      return streams.size;
    },
    tell(next) {
      overview = next;
      for (const stream of streams) stream.write(eventOf(next));
    },
    fail(next) {
      failure = next;
      if (next !== undefined) for (const stream of streams) stream.end();
    },
    refuseStreams() {
      refusesStreams = true;
    },
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

const eventOf = (overview: Overview) => `data: ${JSON.stringify(overview)}\n\n`;

function readingRoutes(app: FastifyInstance, path: string, state: StateName, overview: () => Overview): void {
  app.get(`${path}api/monitoring/overview`, async () => overview());
  app.get<{ Querystring: { hours: string } }>(`${path}api/monitoring/history`, async ({ query }) =>
    historyOf(state, Number(query.hours), Date.now()),
  );
  app.get<{ Params: { id: string }; Querystring: { client?: string } }>(
    `${path}api/monitoring/events/:id`,
    async ({ params }) => {
      if (params.id !== eventId) throw new ServerError("EVENT_NOT_FOUND");
      return traceOf(state, Date.now());
    },
  );
}

function admit({ headers }: FastifyRequest, { action }: Action, keys: ServedDashboard["keys"]): void {
  const { "x-api-key": key } = headers;
  if (key === keys.powerless) {
    throw new ServerError("UNAUTHORIZED_TOOL", {
      client: "reader",
      tool: action,
      permission: actionPermissions[action],
    });
  }
  if (key !== keys.admin) throw new ServerError("AUTHENTICATION_ERROR", { reason: "This key is not valid." });
}
