import type { Registry } from "prom-client";
import { type Bridge, type BridgeOptions, startBridge } from "../bridge/bridge.ts";
import type { BridgeRoleConfig } from "../config/config.ts";
import { listening } from "../process/start-error.ts";
import { createAudit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import { prepareDataDirectory } from "./data-directory.ts";
import type { Running, World } from "./running.ts";

/** Runs the bridge alone. */
export async function bridge(
  config: BridgeRoleConfig,
  logger: Logger,
  registry: Registry,
  { clock }: World,
): Promise<Running> {
  const { version, instance } = config.service;
  const { promise: ended, resolve: onRestart } = Promise.withResolvers<string>();
  const started = await openBridge({
    ...{ config: config.bridge, logger, registry, clock, version, instance },
    audit: createAudit({ ...config.audit, logger, steady: () => performance.now() }),
    // Whoever supervises the process starts it again.
    onRestart: () => onRestart("a client asked for a restart"),
  });
  // There is one bridge and clients repeat what it did not accept: nothing is won by waiting before it closes.
  return { addresses: { bridge: started.url }, ended, drain: () => {}, close: () => started.close() };
}

/** Starts a bridge in its data directory. Rejects with a StartError when directory, queue or port cannot be used. */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const { dataDir, host, port } = options.config;
  await prepareDataDirectory(dataDir);
  return listening(startBridge(options), { host, port, hostVariable: "BRIDGE_HOST", portVariable: "BRIDGE_PORT" });
}
