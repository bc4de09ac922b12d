import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import type { ServerConfig } from "../config/config.ts";
import type { Guards } from "../http/app.ts";
import { withoutBasePath } from "../http/base-path.ts";
import { parseJsonBodies } from "../http/body-parser.ts";
import { asServerError, replyError } from "../http/error-reply.ts";
import { readForwarded } from "../http/forwarded.ts";
import { detailRoutes } from "../http/further-ports.ts";
import type { Lifecycle } from "../http/health-routes.ts";
import { refuseUnknownPaths, shownPath } from "../http/not-found.ts";
import { requestIds } from "../http/request-id.ts";
import { secure, securityHeaders } from "../http/security-headers.ts";
import { admitBodies, closeIfUnread } from "../http/unread-body.ts";
import { webPages } from "../http/web-pages.ts";
import { requestTimes } from "../listening/connections.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { CertificateStore } from "../tls/certificate-store.ts";
import { listenerOf } from "../tls/listener.ts";
import { asksPerson } from "./readers.ts";

export type FrameOptions = {
  readonly config: Pick<ServerConfig, "http">;
  readonly guards: Pick<Guards, "security">;
  readonly logger: Logger;
  /** What it shows by TLS; undefined: it speaks HTTP. */
  readonly certificate?: CertificateStore | undefined;
  readonly lifecycle: Lifecycle;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** Of the body of an action. */
const bodyLimit = 4 * 1024;
/** An id of 128 UTF-16 units, as a URL writes it. */
const maxParamLength = 128 * 9;

/** An application without routes, whose hooks are those of the first one, in their order. */
export function createFrame(options: FrameOptions): FastifyInstance {
  const { config, guards, lifecycle, clock } = options;
  const app = bareApp(options);
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
  return app;
}

function bareApp({ logger, certificate, clock, newId }: FrameOptions): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = logger;
  return fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    bodyLimit,
    ...listenerOf(certificate, requestTimes),
    requestTimeout: requestTimes.requestTimeout,
    genReqId: requestIds(newId),
    // The page asks for what is beside it.
    rewriteUrl: ({ url = "/" }) =>
      url.split("?", 1)[0] === routes.dashboard ? url : withoutBasePath(url, routes.dashboard),
    return503OnClosing: false,
    routerOptions: { maxParamLength, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: (error, request, reply) => {
      secure(request, reply);
      closeIfUnread(request.raw, reply);
      replyError(asServerError(error), request, reply, { now: clock() });
    },
  });
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
