import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import { type Action, actionSchema } from "../../contract/monitoring.ts";
import { historyQuerySchema } from "../../contract/monitoring-servers.ts";
import { routes } from "../../contract/routes.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { originOf } from "../http/authentication.ts";
import type { Actions } from "./actions.ts";
import type { Listeners } from "./listeners.ts";
import { dashboardPage } from "./page/page.ts";
import type { Reader } from "./readers.ts";
import { upstreamDashboard } from "./upstream-dashboard.ts";
import type { Watch } from "./watch.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who looks at the dashboard; null where that is not asked. */
    reader: Reader | null;
  }
}

const ownerSchema = z.object({ client: z.string().max(100).exactOptional() });

type Parts = {
  readonly bridge: Pick<BridgeClient, "monitoring">;
  readonly watch: Watch;
  readonly listeners: Listeners;
};

/** The page, and everything that it shows. */
export function readingRoutes(app: FastifyInstance, { bridge, watch, listeners }: Parts): void {
  const { html, contentSecurityPolicy } = dashboardPage();
  const page = Buffer.from(html);
  app.get("/", async (_request, reply) =>
    reply.header("content-security-policy", contentSecurityPolicy).type("text/html; charset=utf-8").send(page),
  );
  // What the page asks for is beside it, wherever a proxy has put it.
  app.get(routes.dashboard, async (_request, reply) => reply.code(308).header("location", "dashboard/").send());
  app.get(routes.overview, () => watch.overview());
  app.get(routes.upstreamDashboard, async () => upstreamDashboard(await watch.overview()));
  app.get(routes.history, ({ query }) => bridge.monitoring.history(checked(historyQuerySchema, query).hours));
  app.get<{ Params: { id: string } }>(routes.eventTrace, ({ params, query }) =>
    bridge.monitoring.trace(params.id, checked(ownerSchema, query).client),
  );
  app.get(routes.overviewStream, { exposeHeadRoute: false }, async (request, reply) =>
    listen(request, reply, listeners),
  );
}

function listen(request: FastifyRequest, reply: FastifyReply, listeners: Listeners): FastifyReply {
  if (listeners.isFull) throw new ServerError("SERVER_OVERLOADED", { retry_after: 5 });
  const { reader } = request;
  reply.hijack();
  const headers = {
    ...reply.getHeaders(),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  };
  reply.raw.writeHead(200, headers as Record<string, string>);
  listeners.add({ response: reply.raw, isValid: () => reader?.isValid() === true });
  return reply;
}

/** What somebody does; the caller is known. */
export function actionRoute(app: FastifyInstance, actions: Actions): void {
  app.post(routes.actions, async (request) => {
    const action: Action = checked(actionSchema, request.body);
    const { caller } = request;
    if (caller === null) throw new ServerError("AUTHENTICATION_ERROR", { reason: "An API key is required." });
    const message = await actions.do(action, { caller, origin: originOf(request), log: request.log });
    return { done: true, message: message.slice(0, 256) };
  });
}

/** A value as its schema says; throws VALIDATION_ERROR. */
function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path, message }) => ({
    field: path.join(".") || "(body)",
    problem: message,
  }));
  const problems = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  throw new ServerError("VALIDATION_ERROR", { problems, fields });
}
