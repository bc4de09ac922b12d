import type { Registry } from "prom-client";
import { startBridge } from "../bridge/bridge.ts";
import type { BridgeRoleConfig } from "../config.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Running, World } from "./running.ts";

/** Runs the bridge alone. */
export async function bridge(
  config: BridgeRoleConfig,
  logger: Logger,
  registry: Registry,
  { clock }: World,
): Promise<Running> {
  const started = await startBridge({
    config: config.bridge,
    logger,
    registry,
    clock,
    version: config.service.version,
  });
  // There is one bridge and clients repeat what it did not accept: nothing is won by waiting before it closes.
  return { addresses: { bridge: started.url }, drain: () => {}, close: () => started.close() };
}
