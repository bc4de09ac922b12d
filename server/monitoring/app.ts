import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import { type Action, actionSchema } from "../../contract/monitoring.ts";
import { historyQuerySchema } from "../../contract/monitoring-servers.ts";
import { routes } from "../../contract/routes.ts";
import type { KeyStore } from "../access/key-store.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { ProcessConfig, ServerConfig } from "../config/config.ts";
import type { Guards } from "../http/app.ts";
import { createAuthentication, originOf } from "../http/authentication.ts";
import { withoutBasePath } from "../http/base-path.ts";
import { parseJsonBodies } from "../http/body-parser.ts";
import { asServerError, replyError } from "../http/error-reply.ts";
import { readForwarded } from "../http/forwarded.ts";
import { detailRoutes } from "../http/further-ports.ts";
import { healthRoutes, type Lifecycle } from "../http/health-routes.ts";
import { withOtherMethods } from "../http/methods.ts";
import { refuseUnknownPaths, shownPath } from "../http/not-found.ts";
import { requestIds } from "../http/request-id.ts";
import { secure, securityHeaders } from "../http/security-headers.ts";
import { admitBodies, closeIfUnread } from "../http/unread-body.ts";
import { webPages } from "../http/web-pages.ts";
import { boundConnections, requestTimes } from "../listening/connections.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { Actions } from "./actions.ts";
import { Listeners } from "./listeners.ts";
import { dashboardPage } from "./page/page.ts";
import type { Password } from "./password.ts";
import { asksPerson, type Reader, Readers } from "./readers.ts";
import { upstreamDashboard } from "./upstream-dashboard.ts";
import { freshMs, Watch } from "./watch.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who looks at the dashboard; null where that is not asked. */
    reader: Reader | null;
  }
}

export type DashboardOptions = {
  readonly config: ProcessConfig & ServerConfig;
  readonly guards: Guards;
  readonly keys: KeyStore;
  readonly bridge: BridgeClient;
  readonly password: Password | undefined;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly lifecycle: Lifecycle;
  readonly heldUpMs: () => number;
  readonly clock: () => number;
  readonly steady: () => number;
  readonly newId: () => string;
};

export type Dashboard = { readonly app: FastifyInstance; readonly watch: Watch; readonly listeners: Listeners };

/** People and their browsers. */
const connectionLimits = { total: 128, answerTimeoutMs: 20_000 };
const mostListeners = 32;
/** Of the body of an action. */
const bodyLimit = 4 * 1024;

const ownerSchema = z.object({ client: z.string().max(100).exactOptional() });

/** The dashboard's application on a port of its own, behind the same guards as the first one. Not yet listening. */
export function createDashboard(options: DashboardOptions): Dashboard {
  const { config, guards, logger, lifecycle, clock, newId } = options;
  const loggerInstance: FastifyBaseLogger = logger;
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    bodyLimit,
    http: requestTimes,
    requestTimeout: requestTimes.requestTimeout,
    genReqId: requestIds(newId),
    // The page asks for what is beside it.
    rewriteUrl: ({ url = "/" }) =>
      url.split("?", 1)[0] === routes.dashboard ? url : withoutBasePath(url, routes.dashboard),
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 * 9, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: (error, request, reply) => {
      secure(request, reply);
      closeIfUnread(request.raw, reply);
      replyError(asServerError(error), request, reply, { now: clock() });
    },
  });
  const connections = boundConnections(app.server, connectionLimits);
  app.decorateRequest("caller", null);
  app.decorateRequest("origin", null);
  app.decorateRequest("refusal", undefined);
  app.decorateRequest("reader", null);
  readForwarded(app, { trustedProxies: config.http.trustedProxies, isProxied: () => false });
  securityHeaders(app, lifecycle);
  webPages(app, config.http.access, guards.security);
  refuseUnknownPaths(app);
  hideDetails(app);
  askPersons(app);
  admitBodies(app);
  parseJsonBodies(app);
  app.setErrorHandler((error: Error, request, reply) =>
    replyError(asServerError(error), request, reply, { now: clock() }),
  );
  const watch = new Watch({ ...options, ...guards, service: config.service });
  const next = async () => JSON.stringify(await watch.overview());
  const listeners = new Listeners({ next, everyMs: freshMs, most: mostListeners });
  const authentication = createAuthentication(guards.access, connections);
  const readers = new Readers({ ...options, auth: config.auth, authentication });
  app.register(async (open) => withOtherMethods(open, () => healthRoutes(open, { ...options, ...config })));
  app.register(async (reading) => {
    reading.addHook("onRequest", async (request, reply) => {
      request.reader = await readers.reader(request, reply);
      connections.trust(request.socket);
    });
    withOtherMethods(reading, () => readingRoutes(reading, { ...options, watch, listeners }));
  });
  app.register(async (acting) => {
    acting.addHook("onRequest", async (request, reply) => void (await readers.actor(request, reply)));
    withOtherMethods(acting, () => actionRoute(acting, new Actions(options)));
  });
  return { app, watch, listeners };
}

/** What is for people inside the cluster is at the first port: this one may be open to the outside. */
function hideDetails(app: FastifyInstance): void {
  app.addHook("onRequest", async (request) => {
    if (detailRoutes.has(request.routeOptions.url ?? ""))
      throw new ServerError("NOT_FOUND", { path: shownPath(request) });
  });
}

/** A browser asks the person for a name and a password. */
function askPersons(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (reply.statusCode === 401 && asksPerson(request)) {
      reply.header("www-authenticate", 'Basic realm="CCTelegram", charset="UTF-8"');
    }
    return payload;
  });
}

type Parts = Pick<DashboardOptions, "bridge"> & Omit<Dashboard, "app">;

function readingRoutes(app: FastifyInstance, { bridge, watch, listeners }: Parts): void {
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

function actionRoute(app: FastifyInstance, actions: Actions): void {
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
