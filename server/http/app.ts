import type { Socket } from "node:net";
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import { bodyLimit } from "../../contract/limits.ts";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import { type Access, createAccess } from "../access/access.ts";
import { type BanOffice, Bans } from "../access/bans.ts";
import type { KeyStore } from "../access/key-store.ts";
import type { ProtectedResource } from "../access/oauth/protected-resource.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { ProcessConfig, ServerConfig } from "../config/config.ts";
import type { Features } from "../features/features.ts";
import { boundConnections, type Connections, requestTimes } from "../listening/connections.ts";
import { TurnEnd } from "../listening/turn-end.ts";
import { catalogues } from "../mcp/catalogue.ts";
import type { ListeningStreams } from "../mcp/transports/streamable-http/listening-streams.ts";
import type { OpenWebSockets } from "../mcp/transports/web-socket/open-web-sockets.ts";
import type { ProjectFiles } from "../projects/project-files.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { createSecurityLog, type SecurityLog } from "../telemetry/security-log.ts";
import type { CertificateStore } from "../tls/certificate-store.ts";
import { listenerOf } from "../tls/listener.ts";
import { type AuditedCaller, auditedCaller } from "../tools/audited-caller.ts";
import { createToolCaller } from "../tools/tool-caller.ts";
import { approvalRoutes } from "./approval-routes.ts";
import { createAuthentication, whenKnown } from "./authentication.ts";
import { openBanOffice } from "./ban-office.ts";
import { withoutBasePath } from "./base-path.ts";
import { parseJsonBodies } from "./body-parser.ts";
import { descriptionRoutes } from "./description-routes.ts";
import { asServerError, replyError } from "./error-reply.ts";
import { readForwarded } from "./forwarded.ts";
import type { FurtherPorts } from "./further-ports.ts";
import { healthPaths, healthRoutes, type Lifecycle } from "./health-routes.ts";
import { holdAnswers } from "./held-answers.ts";
import { shedLoad } from "./load-shedding.ts";
import { mcpRoutes } from "./mcp-routes.ts";
import { withOtherMethods } from "./methods.ts";
import { refuseUnknownPaths } from "./not-found.ts";
import { observe } from "./observe.ts";
import { protectedResourceRoutes } from "./protected-resource-routes.ts";
import { requestIds } from "./request-id.ts";
import { resourceRoutes } from "./resource-routes.ts";
import { secure, securityHeaders } from "./security-headers.ts";
import { allowedForTool, toolRoutes } from "./tool-routes.ts";
import { admitBodies, closeIfUnread } from "./unread-body.ts";
import { isUpgrade, Upgrades } from "./upgrades.ts";
import { webPages } from "./web-pages.ts";

export type AppOptions = {
  readonly config: ProcessConfig & ServerConfig;
  readonly features: Features;
  /** The streams on which MCP sessions listen; whoever shuts the server down ends them. */
  readonly streams: ListeningStreams;
  /** The WebSockets of MCP; whoever shuts the server down closes them. */
  readonly webSockets: OpenWebSockets;
  /** What seals states that clients bring back; all replicas have the same. */
  readonly sealSecret: string | SigningSecrets;
  readonly keys: KeyStore;
  /** What it shows by TLS; undefined: it speaks HTTP. */
  readonly certificate?: CertificateStore | undefined;
  /** Access tokens beside keys, or instead of them; undefined: none. */
  readonly oauth?: ProtectedResource | undefined;
  readonly bridge: BridgeClient;
  /** The projects whose files tools may read; undefined: none. */
  readonly projects?: ProjectFiles | undefined;
  readonly logger: Logger;
  readonly audit: Audit;
  readonly metrics: ServerMetrics;
  readonly lifecycle: Lifecycle;
  readonly furtherPorts: FurtherPorts;
  /** How long the event loop was held up of late, in milliseconds. */
  readonly heldUpMs: () => number;
  /** What the server proves itself with; undefined where there is no operator to ask. */
  readonly proofSecret?: SigningSecrets | undefined;
  /** Is told who guards it: a further application on a port of its own has the same. */
  readonly onGuards?: (guards: Guards) => void;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steady: () => number;
  readonly newId: () => string;
};

/** What stands before every call, whichever port it came to. */
export type Guards = {
  readonly access: Access;
  readonly bans: Bans;
  readonly banOffice: BanOffice;
  readonly tools: AuditedCaller;
  readonly security: SecurityLog;
};

// Each may hold headers and one body: with all of them taken by strangers the pod still has memory for its clients.
const connectionLimits = { total: 1024, answerTimeoutMs: 20_000 };

/** Milliseconds for which a connection without a request stays open: longer than load balancers keep theirs. */
const keepAliveTimeout = 72_000;

/**
 * The HTTP application: MCP, REST and health over one registry of tools. Not yet listening. The hooks are in the order of
 * trust: where a request comes from, whether there is anything at its path, who calls, and only then its body.
 */
export function createApp(options: AppOptions): FastifyInstance {
  const { config, oauth, metrics, logger, lifecycle, clock, furtherPorts, heldUpMs } = options;
  const { trustedProxies, basePath } = config.http;
  const loggerInstance: FastifyBaseLogger = logger;
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    bodyLimit,
    ...listenerOf(options.certificate, { ...requestTimes, keepAliveTimeout, shouldUpgradeCallback: isUpgrade }),
    requestTimeout: requestTimes.requestTimeout,
    keepAliveTimeout,
    genReqId: requestIds(options.newId),
    rewriteUrl: ({ url = "/", socket }) => furtherPorts.pathOf(withoutBasePath(url, basePath), socket as Socket),
    // A request that still arrives while the last ones finish is answered, too.
    return503OnClosing: false,
    // Clients append to a base URL, with a slash too many.
    routerOptions: { maxParamLength: 128, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: (error, request, reply) => {
      secure(request, reply);
      closeIfUnread(request.raw, reply);
      replyError(asServerError(error), request, reply, { now: clock(), oauth });
    },
  });
  const connections = boundConnections(app.server, connectionLimits);
  const security = createSecurityLog(metrics, logger, options.audit);
  const turnEnd = new TurnEnd();
  app.decorateRequest("caller", null);
  app.decorateRequest("origin", null);
  app.decorateRequest("refusal", undefined);
  readForwarded(app, { trustedProxies, isProxied: furtherPorts.isProxied });
  observe(app, metrics);
  securityHeaders(app, lifecycle);
  webPages(app, config.http.access, security);
  refuseUnknownPaths(app);
  furtherPorts.hideDetails(app);
  shedLoad(app, {
    limitMs: config.http.maxLoopDelayMs,
    heldUpMs,
    spared: healthPaths,
    shed: metrics.requestsShed,
    logger,
  });
  admitBodies(app);
  parseJsonBodies(app);
  holdAnswers(app, turnEnd);
  app.setErrorHandler((error: Error, request, reply) =>
    replyError(asServerError(error), request, reply, { now: clock(), oauth }),
  );
  register(app, options, { security, connections, turnEnd, upgrades: new Upgrades(app.server) });
  return app;
}

type Parts = {
  readonly security: SecurityLog;
  readonly connections: Connections;
  readonly turnEnd: TurnEnd;
  readonly upgrades: Upgrades;
};

function register(app: FastifyInstance, options: AppOptions, parts: Parts): void {
  const { security, connections } = parts;
  const { config, features, bridge, audit, oauth } = options;
  const bans = new Bans({ ...config, ...options, security });
  const banOffice = openBanOffice(app, bans, options);
  const toolCaller = createToolCaller({ ...options, tools: features.tools, banOffice });
  const tools = auditedCaller({ tools: toolCaller, costs: features.tools, security, audit });
  const catalogueOf = catalogues({ features, tools, bridge, audit });
  const access = createAccess({ ...config, ...options, bans, security });
  const authentication = createAuthentication(access, connections);
  options.onGuards?.({ access, bans, banOffice, tools, security });
  app.register(async (open) => {
    withOtherMethods(open, () => {
      healthRoutes(open, { ...options, service: config.service, auth: config.auth });
      descriptionRoutes(open, features);
      if (oauth !== undefined) protectedResourceRoutes(open, oauth.metadata);
    });
  });
  app.register(async (rest) => {
    rest.addHook("onRequest", (request, reply, done) => {
      whenKnown(
        request,
        authentication.identify(request),
        (caller) => done(authentication.count(caller, request, reply)),
        done,
      );
    });
    const addRoutes = () => {
      toolRoutes(rest, tools, features.tools);
      approvalRoutes(rest, bridge.approvals, security, audit);
      resourceRoutes(rest, catalogueOf);
    };
    withOtherMethods(rest, addRoutes, allowedForTool(features.tools));
  });
  app.register(async (mcp) => mcpRoutes(mcp, { ...options, ...parts, access, authentication, catalogueOf }));
}
