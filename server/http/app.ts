import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import type { BridgeClient } from "../bridge-client.ts";
import type { ProcessConfig, ServerConfig } from "../config.ts";
import { ServerError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { createSecurityLog } from "../telemetry/security-log.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import { createToolCaller } from "../tools/tool-caller.ts";
import { parseJsonBodies } from "./body-parser.ts";
import { asServerError, replyError } from "./error-reply.ts";
import { createGuard } from "./guard.ts";
import { healthRoutes, type Lifecycle } from "./health-routes.ts";
import type { KeyStore } from "./key-store.ts";
import { bodyLimit } from "./limits.ts";
import { mcpRoutes, originCheck } from "./mcp-routes.ts";
import { refuseOtherMethods } from "./methods.ts";
import { observe } from "./observe.ts";
import { isLoopback } from "./origin.ts";
import { requestIds } from "./request-id.ts";
import { securityHeaders } from "./security-headers.ts";
import { toolRoutes } from "./tool-routes.ts";

export type AppOptions = {
  readonly config: ProcessConfig & ServerConfig;
  readonly tools: ToolRegistry;
  readonly keys: KeyStore;
  readonly bridge: BridgeClient;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly lifecycle: Lifecycle;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** The HTTP application: MCP, REST and health over one registry of tools. Not yet listening. */
export function createApp(options: AppOptions): FastifyInstance {
  const { config, metrics, logger, lifecycle, clock } = options;
  const { trustedProxies } = config.http;
  const loggerInstance: FastifyBaseLogger = logger;
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    bodyLimit,
    // A client that sends a body byte by byte holds a connection no longer than this.
    requestTimeout: 30_000,
    genReqId: requestIds(options.newId),
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    // A request that still arrives while the last ones finish is answered, too.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: (error, request, reply) => replyError(asServerError(error), request, reply, clock()),
  });
  app.decorateRequest("client", null);
  parseJsonBodies(app);
  observe(app, metrics);
  securityHeaders(app, lifecycle);
  app.setErrorHandler((error: Error, request, reply) => replyError(asServerError(error), request, reply, clock()));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0];
    return replyError(new ServerError("NOT_FOUND", { path }), request, reply, clock());
  });
  const security = createSecurityLog(metrics, logger);
  register(app, options, security);
  return app;
}

function register(app: FastifyInstance, options: AppOptions, security: ReturnType<typeof createSecurityLog>): void {
  const { config } = options;
  const tools = createToolCaller(options);
  const guard = createGuard({ ...config, ...options, security });
  const origins = { allowedOrigins: config.http.allowedOrigins, loopback: isLoopback(config.http.host) };
  app.register(async (open) => {
    refuseOtherMethods(open);
    healthRoutes(open, { ...options, service: config.service });
  });
  app.register(async (rest) => {
    rest.addHook("onRequest", guard);
    refuseOtherMethods(rest);
    toolRoutes(rest, tools, security);
  });
  app.register(async (mcp) => {
    mcp.addHook("onRequest", originCheck(origins, security));
    mcp.addHook("onRequest", guard);
    refuseOtherMethods(mcp);
    mcpRoutes(mcp, { tools, version: config.service.version, security });
  });
}
