import type { Readable, Writable } from "node:stream";
import type { Registry } from "prom-client";
import { localBridgeClient } from "../bridge-client/local-bridge-client.ts";
import type { StdioAloneConfig, StdioConfig, StdioRemoteConfig } from "../config/config.ts";
import { features as product, withInput } from "../features/features.ts";
import { catalogues } from "../mcp/catalogue.ts";
import { createMcpServer } from "../mcp/mcp-server.ts";
import { SessionListeners } from "../mcp/session-listeners.ts";
import { localPeer } from "../mcp/transports/stdio/local-peer.ts";
import { remotePeer } from "../mcp/transports/stdio/remote-peer.ts";
import { Stdio } from "../mcp/transports/stdio/stdio.ts";
import { outgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { OwnFiles, type OwnFilesOptions } from "../projects/own-files.ts";
import { ProjectFiles } from "../projects/project-files.ts";
import { createAudit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createServerMetrics } from "../telemetry/metrics.ts";
import { createSecurityLog } from "../telemetry/security-log.ts";
import { auditedCaller } from "../tools/audited-caller.ts";
import { createToolCaller } from "../tools/tool-caller.ts";
import { openOwnBridge } from "./own-bridge.ts";
import type { Running, World } from "./running.ts";

export type StdioWorld = World & {
  readonly makeKey: () => string;
  /** The streams that the client holds the other ends of. */
  readonly streams: () => { readonly input: Readable; readonly output: Writable };
};

/** Answers a client that has started this process: by itself, or as the client of a server elsewhere. */
export function stdio(config: StdioConfig, logger: Logger, registry: Registry, world: StdioWorld): Promise<Running> {
  return config.remote === undefined ? alone(config, logger, registry, world) : remote(config, logger, world);
}

/** Server and bridge in one process; no port is open. */
async function alone(
  config: StdioAloneConfig,
  logger: Logger,
  registry: Registry,
  world: StdioWorld,
): Promise<Running> {
  const { version, instance } = config.service;
  const features = withInput(product, config.input);
  const audit = createAudit({ ...config.audit, logger, steady: () => performance.now() });
  const { clock } = world;
  const own = { config: config.bridge, logger, audit, registry, clock, version, instance };
  const bridge = await openOwnBridge(own);
  try {
    const projects = new ProjectFiles(config.projects);
    const metrics = createServerMetrics(registry, [...features.tools.keys()], []);
    const client = localBridgeClient(bridge.local);
    const tools = auditedCaller({
      tools: createToolCaller({
        ...world,
        tools: features.tools,
        metrics,
        bridge: client,
        projects,
        ownFiles: new OwnFiles({ projects, ...ownParts(config) }),
      }),
      costs: features.tools,
      security: createSecurityLog(metrics, logger, audit),
      audit,
    });
    const listeners = new SessionListeners();
    const mcp = createMcpServer({
      ...world,
      version,
      catalogueOf: catalogues({ features, tools, bridge: client, audit }),
      listeners,
      sealSecret: world.makeKey(),
      bridge: client,
      onChannelEvents: metrics.channelEvents,
      log: logger,
    });
    const stopListening = mcp.listen();
    const logFor = (request_id: string) => logger.child({ request_id });
    const line = new Stdio({
      ...world.streams(),
      peerOf: (send, onRoom) =>
        localPeer({
          ...mcp,
          clock: world.clock,
          newId: world.newId,
          listeners,
          sessionName: config.session,
          send,
          onRoom,
          logFor,
        }),
    });
    const drain = () => {
      mcp.endListens();
      client.approvals.endWaits();
    };
    return runningOn(line, {}, drain, async () => {
      await mcp.channels.close();
      stopListening();
      await client.close();
      await bridge.close();
    });
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

async function remote(config: StdioRemoteConfig, logger: Logger, world: StdioWorld): Promise<Running> {
  const { url, proxy } = config.remote;
  const fetch = await outgoingFetch(proxy);
  const projects = new ProjectFiles(config.projects);
  const ownFiles = new OwnFiles({ projects, folders: [], secrets: [config.remote.apiKey] });
  const line = new Stdio({
    ...world.streams(),
    peerOf: (send) =>
      remotePeer({
        ...world,
        ...config.remote,
        name: config.session,
        ownFiles,
        isProxied: proxy !== undefined,
        send,
        logger,
        fetch,
      }),
  });
  return runningOn(
    line,
    { remote: url },
    () => {},
    async () => {},
  );
}

/** What of this process itself nobody sends by accident. */
function ownParts({ bridge, logFiles }: StdioAloneConfig): Omit<OwnFilesOptions, "projects"> {
  const { dataDir, eventsDir, responsesDir, logsDir, hmac, telegram } = bridge;
  const folders = [dataDir, eventsDir, responsesDir, logsDir, logFiles?.folder].flatMap((each) => each ?? []);
  return { folders, secrets: [telegram.token, hmac.secret] };
}

function runningOn(
  line: Stdio,
  addresses: Running["addresses"],
  drain: () => void,
  close: () => Promise<void>,
): Running {
  return {
    addresses,
    drain,
    ended: line.ended,
    async close() {
      await line.close();
      await close();
    },
  };
}
