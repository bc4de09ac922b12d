import type { Registry } from "prom-client";
import { startBridge } from "../bridge/bridge.ts";
import { localBridgeClient } from "../bridge-client.ts";
import type { StandaloneConfig } from "../config.ts";
import { parseApiKeys } from "../http/api-keys.ts";
import { fixedKeys, type KeyStore, openKeyFile } from "../http/key-store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type FirstKey, firstKey, welcome } from "./first-key.ts";
import type { Running, World } from "./running.ts";
import { startServer } from "./serve.ts";

export type StandaloneWorld = World & {
  readonly makeKey: () => string;
  /** Shows a text to the person at the terminal. */
  readonly say: (text: string) => void;
};

/** Runs server and bridge in one process: no cluster, no shared secret, and a key that makes itself. */
export async function standalone(
  config: StandaloneConfig,
  logger: Logger,
  registry: Registry,
  world: StandaloneWorld,
): Promise<Running> {
  const { version } = config.service;
  const bridge = await startBridge({ config: config.bridge, logger, registry, clock: world.clock, version });
  try {
    const { keys, file } = await openKeys(config, logger, world);
    const server = await startServer({ config, bridge: localBridgeClient(bridge), keys, logger, registry, world });
    if (file !== undefined) world.say(welcome(server.addresses.http ?? "", file));
    return {
      addresses: { ...server.addresses, bridge: bridge.url },
      drain: server.drain,
      async close() {
        await server.close();
        await bridge.close();
      },
    };
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

type Keys = { readonly keys: KeyStore; readonly file?: FirstKey };

async function openKeys({ auth, bridge }: StandaloneConfig, logger: Logger, world: StandaloneWorld): Promise<Keys> {
  if (!auth.enabled) return { keys: fixedKeys([]) };
  if (auth.keysFile !== undefined) return { keys: await openKeyFile({ path: auth.keysFile, logger }) };
  if (auth.keysJson !== undefined) return { keys: fixedKeys(parseApiKeys(auth.keysJson)) };
  const file = await firstKey(bridge.dataDir, world.makeKey);
  return { keys: await openKeyFile({ path: file.path, logger }), file };
}
