import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";
import type { ProtectedResource } from "../access/oauth/protected-resource.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { httpBridgeClient } from "../bridge-client/http-bridge-client.ts";
import type { ProcessConfig, ServeConfig, ServerConfig } from "../config/config.ts";
import { type Features, features as product, withInput } from "../features/features.ts";
import { createApp, type Guards } from "../http/app.ts";
import { type FurtherPort, FurtherPorts, type OpenPort } from "../http/further-ports.ts";
import type { Lifecycle } from "../http/health-routes.ts";
import { httpRoutes } from "../http/routes.ts";
import { watchLoop } from "../listening/longest-turn.ts";
import { bindable } from "../listening/unspecified-address.ts";
import { SessionListeners } from "../mcp/session-listeners.ts";
import { ListeningStreams } from "../mcp/transports/streamable-http/listening-streams.ts";
import { OpenWebSockets } from "../mcp/transports/web-socket/open-web-sockets.ts";
import { openDashboard } from "../monitoring/open.ts";
import { FollowedSecrets } from "../process/followed-secrets.ts";
import { listening } from "../process/start-error.ts";
import type { ProjectFiles } from "../projects/project-files.ts";
import { createAudit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createServerMetrics } from "../telemetry/metrics.ts";
import { baseUrl } from "../telemetry/metrics-server.ts";
import { openCertificate } from "../tls/certificate-store.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { openKeys } from "./keys.ts";
import type { Running, World } from "./running.ts";

export type ServerOptions = {
  readonly config: ProcessConfig & ServerConfig;
  readonly bridge: BridgeClient;
  /** The projects whose files tools may read; undefined: none. */
  readonly projects?: ProjectFiles;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly world: World;
  /** What seals states that clients bring back. */
  readonly sealSecret: string | SigningSecrets;
  /** The secret by which the operator knows its servers. */
  readonly proofSecret?: SigningSecrets;
  /** What it offers. */
  readonly features?: Features;
};

/** Runs the MCP and REST server against a bridge on the network. */
export async function serve(
  config: ServeConfig,
  logger: Logger,
  registry: Registry,
  world: World,
  features = product,
): Promise<Running> {
  const { url, timeoutMs } = config.bridgeClient;
  const secrets = new FollowedSecrets(config.hmac, { logger });
  const bridge = httpBridgeClient({ url, timeoutMs, secret: secrets, clock: world.clock });
  try {
    const shared = { config, bridge, logger, registry, world, features };
    const server = await startServer({ ...shared, sealSecret: secrets, proofSecret: secrets });
    return {
      ...server,
      reload: async () => {
        secrets.look();
        await server.reload?.();
      },
      async close() {
        await server.close();
        secrets.close();
      },
    };
  } catch (error) {
    secrets.close();
    throw error;
  }
}

/** Starts the server with a given bridge; closing it closes the bridge, too. Rejects with a StartError. */
export async function startServer(options: ServerOptions): Promise<Running> {
  const { config, bridge, logger, registry, world, sealSecret, proofSecret, projects } = options;
  const features = withInput(options.features ?? product, config.input);
  const lifecycle: Lifecycle = { draining: false };
  // Now, and not while the first client waits.
  for (const tool of features.tools.values()) listingOf(tool);
  const metrics = createServerMetrics(registry, [...features.tools.keys()], httpRoutes);
  // One by one: the world of the program has more in it, under names that are here, too.
  const { clock, newId, steady = () => performance.now() } = world;
  const audit = createAudit({ ...config.audit, logger, steady });
  const keys = await openKeys(config.auth, logger, metrics.apiKeysLoadFailed, audit);
  const oauth = await openOAuth(config.auth, logger, { clock, steady });
  const { tls } = config.http;
  const certificate = tls && (await openCertificate({ ...tls, logger, clock, onLook: metrics.certificateSeen }));
  const scheme = certificate === undefined ? "http" : "https";
  const furtherPorts = new FurtherPorts();
  const streams = new ListeningStreams(new SessionListeners(), (count) =>
    metrics.openStreams.set({ transport: "http" }, count),
  );
  const webSockets = new OpenWebSockets((count) => metrics.openStreams.set({ transport: "websocket" }, count));
  const loop = watchLoop();
  const { heldUpMs } = loop;
  const shared = {
    ...{ features, streams, webSockets, sealSecret, keys, oauth, certificate, bridge, projects },
    ...{ logger, audit, metrics, lifecycle, furtherPorts, proofSecret, heldUpMs },
  };
  const { promise: guarded, resolve: onGuards } = Promise.withResolvers<Guards>();
  const app = createApp({ config, ...shared, clock, newId, steady, onGuards });
  const { host, port } = config.http;
  const variables = { hostVariable: "MCP_SERVER_HOST", portVariable: "MCP_SERVER_PORT" };
  const listenTextResolver = (address: string) => `listening on ${address.replace(/^http(?=:)/, scheme)}`;
  await listening(app.listen({ host: await bindable(host), port, listenTextResolver }), { host, port, ...variables });
  const further = await openFurther(app.server, furtherPorts, config.http);
  const dashboard = await openDashboard({ config, ...shared, clock, newId, steady, guards: await guarded });
  return {
    addresses: {
      http: baseUrl(app.server.address() as AddressInfo, scheme),
      ...Object.fromEntries(Object.entries(further).map(([name, { address }]) => [name, baseUrl(address, scheme)])),
      ...(dashboard && { dashboard: baseUrl(dashboard.address, scheme) }),
    },
    reload: async () => {
      dashboard?.reload();
      await Promise.all([keys.reload(), oauth?.keys.reload(), certificate?.reload()]);
    },
    drain: () => {
      lifecycle.draining = true;
      streams.end();
      dashboard?.drain();
      bridge.approvals.endWaits();
    },
    async close() {
      for (const door of Object.values(further)) door.stop();
      streams.end();
      // The port closes first: whoever is told to come back goes elsewhere.
      await Promise.all([app.close(), webSockets.close(), dashboard?.close()]);
      await Promise.all(Object.values(further).map((door) => door.closed()));
      keys.close();
      oauth?.keys.close();
      certificate?.close();
      loop.stop();
      await bridge.close();
    },
    giveUp: () => webSockets.giveUp(),
  };
}

async function openFurther(
  server: Server,
  ports: FurtherPorts,
  { host, proxyPort, externalPort, secondPort }: ServerConfig["http"],
): Promise<Readonly<Record<string, OpenPort>>> {
  const open = async (port: number, portVariable: string, kind: Pick<FurtherPort, "proxied" | "rooted"> = {}) => {
    const listener = { host, port, hostVariable: "MCP_SERVER_HOST", portVariable };
    return listening(ports.open(server, { host: await bindable(host), port, ...kind }), listener);
  };
  return {
    ...(proxyPort !== undefined && { proxied: await open(proxyPort, "MCP_PROXY_PORT", { proxied: true }) }),
    ...(externalPort !== undefined && { external: await open(externalPort, "MCP_EXTERNAL_PORT") }),
    ...(secondPort !== undefined && { second: await open(secondPort, "MCP_SECOND_PORT", { rooted: true }) }),
  };
}

/** What reads tokens stays out of memory where there are none. */
async function openOAuth({ oauth }: ServerConfig["auth"], ...rest: OAuthParts): Promise<ProtectedResource | undefined> {
  if (oauth === undefined) return undefined;
  return (await import("./oauth.ts")).protectedBy(oauth, ...rest);
}

type OAuthParts = [logger: Logger, world: Required<Pick<World, "clock" | "steady">>];
