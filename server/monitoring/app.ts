import type { FastifyInstance } from "fastify";
import type { KeyStore } from "../access/key-store.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { ProcessConfig, ServerConfig } from "../config/config.ts";
import type { Guards } from "../http/app.ts";
import { createAuthentication } from "../http/authentication.ts";
import { healthRoutes } from "../http/health-routes.ts";
import { withOtherMethods } from "../http/methods.ts";
import { boundConnections } from "../listening/connections.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import { Actions } from "./actions.ts";
import { createFrame, type FrameOptions } from "./frame.ts";
import { Listeners } from "./listeners.ts";
import type { Password } from "./password.ts";
import { Readers } from "./readers.ts";
import { actionRoute, readingRoutes } from "./routes.ts";
import { freshMs, Watch } from "./watch.ts";

export type DashboardOptions = FrameOptions & {
  readonly config: ProcessConfig & ServerConfig;
  readonly guards: Guards;
  readonly keys: KeyStore;
  readonly bridge: BridgeClient;
  readonly password: Password | undefined;
  readonly metrics: ServerMetrics;
  readonly audit: Audit;
  readonly heldUpMs: () => number;
  readonly steady: () => number;
};

export type Dashboard = { readonly app: FastifyInstance; readonly watch: Watch; readonly listeners: Listeners };

/** People and their browsers. */
const connectionLimits = { total: 128, answerTimeoutMs: 20_000 };
const mostListeners = 32;

/** The dashboard's application on a port of its own, behind the same guards as the first one. Not yet listening. */
export function createDashboard(options: DashboardOptions): Dashboard {
  const { config, guards, bridge } = options;
  const app = createFrame(options);
  const connections = boundConnections(app.server, connectionLimits);
  const watch = new Watch({ ...options, ...guards, service: config.service });
  const next = async () => JSON.stringify(await watch.overview());
  const listeners = new Listeners({ next, everyMs: freshMs, most: mostListeners });
  const authentication = createAuthentication(guards.access, connections);
  const readers = new Readers({ ...options, auth: config.auth, authentication });
  app.register(async (open) =>
    withOtherMethods(open, () => healthRoutes(open, { ...options, service: config.service, auth: config.auth })),
  );
  app.register(async (reading) => {
    reading.addHook("onRequest", async (request, reply) => {
      request.reader = await readers.reader(request, reply);
      connections.trust(request.socket);
    });
    withOtherMethods(reading, () => readingRoutes(reading, { bridge, watch, listeners }));
  });
  app.register(async (acting) => {
    acting.addHook("onRequest", async (request, reply) => void (await readers.actor(request, reply)));
    withOtherMethods(acting, () => actionRoute(acting, new Actions(options)));
  });
  return { app, watch, listeners };
}
