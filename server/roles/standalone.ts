import type { Registry } from "prom-client";
import { localBridgeClient } from "../bridge-client/local-bridge-client.ts";
import type { StandaloneConfig } from "../config/config.ts";
import { ProjectFiles } from "../projects/project-files.ts";
import { createAudit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type FirstKey, firstKey, welcome } from "./first-key.ts";
import { openOwnBridge } from "./own-bridge.ts";
import type { Running, World } from "./running.ts";
import { startServer } from "./serve.ts";

export type StandaloneWorld = World & {
  readonly makeKey: () => string;
  /** Shows a text to the person at the terminal, or writes it where a terminal would be. */
  readonly say: (text: string) => void;
  readonly isTerminal: boolean;
};

/** Runs server and bridge in one process: no cluster, no shared secret, and a key that makes itself. */
export async function standalone(
  config: StandaloneConfig,
  logger: Logger,
  registry: Registry,
  world: StandaloneWorld,
): Promise<Running> {
  const { version, instance } = config.service;
  const audit = createAudit({ ...config.audit, logger, steady: () => performance.now() });
  const { clock } = world;
  const own = { config: config.bridge, logger, audit, registry, clock, version, instance };
  const bridge = await openOwnBridge(own);
  try {
    const file = await ownKeyFile(config, world);
    const auth = file === undefined ? config.auth : { ...config.auth, keysFile: file.path };
    const server = await startServer({
      config: { ...config, auth },
      bridge: localBridgeClient(bridge.local),
      projects: new ProjectFiles(config.projects),
      logger,
      registry,
      world,
      sealSecret: world.makeKey(),
    });
    if (file !== undefined) world.say(welcome(server.addresses.http ?? "", file, world.isTerminal));
    return {
      addresses: { ...server.addresses, bridge: bridge.url },
      drain: server.drain,
      ...(server.reload && { reload: server.reload }),
      async close() {
        await server.close();
        await bridge.close();
      },
      ...(server.giveUp && { giveUp: server.giveUp }),
    };
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

/** The key file in the data directory, when the configuration names no keys. */
async function ownKeyFile({ auth, bridge }: StandaloneConfig, world: StandaloneWorld): Promise<FirstKey | undefined> {
  if (!auth.enabled || !auth.takesKeys || auth.keysFile !== undefined || auth.keysJson !== undefined) return undefined;
  return firstKey(bridge.dataDir, world.makeKey);
}
