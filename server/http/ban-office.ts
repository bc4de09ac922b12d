import type { FastifyInstance } from "fastify";
import { liftedBanSchema, liftedBanTopic } from "../../contract/relay.ts";
import type { BanOffice, Bans } from "../access/bans.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";

export type BanOfficeOptions = {
  readonly bridge: Pick<BridgeClient, "relay">;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly metrics: ServerMetrics;
  readonly audit: Pick<Audit, "record">;
};

/** Bans are of one process; that they end is told to all. Hears the others until the server is closed. */
export function openBanOffice(
  app: Pick<FastifyInstance, "addHook">,
  bans: Bans,
  { bridge, logger, metrics, audit }: BanOfficeOptions,
): BanOffice {
  metrics.readBans(() => bans.counts());
  const lift = (address: string, by: string): number => {
    const count = bans.lift(address);
    if (count > 0) {
      logger.info({ address, count, client: by }, "ban lifted");
      audit.record({ decision: "ban_lifted", outcome: "done", client: by, address, count });
    }
    return count;
  };
  const stopListening = bridge.relay.subscribe(
    (message) => {
      if (message.topic !== liftedBanTopic) return;
      const parsed = liftedBanSchema.safeParse(JSON.parse(message.text));
      if (parsed.success) lift(parsed.data.address, parsed.data.by);
    },
    () => undefined,
  );
  app.addHook("onClose", async () => stopListening());
  return {
    list: () => bans.list(),
    async lift(address, by) {
      const count = lift(address, by);
      try {
        await bridge.relay.publish(liftedBanTopic, JSON.stringify({ address, by }));
        return { count, isTold: true };
      } catch (error) {
        logger.warn({ err: error, address }, "the other servers could not be told to lift a ban");
        return { count, isTold: false };
      }
    },
  };
}
