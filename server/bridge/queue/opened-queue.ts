import { join } from "node:path";
import type { Logger } from "../../telemetry/logger.ts";
import type { BridgeConfig } from "../config.ts";
import type { Damage } from "../storage/sqlite-file.ts";
import type { Queue } from "./queue.ts";
import { SqliteQueue } from "./sqlite-queue.ts";

/** Opens the queue in the data directory. What happens to its file is logged. */
export function openQueue(
  config: BridgeConfig,
  logger: Logger,
  now: () => number,
): { readonly queue: Queue; readonly damage?: Damage } {
  const found: { damage?: Damage } = {};
  const queue = new SqliteQueue({
    path: join(config.dataDir, "queue.sqlite"),
    limits: {
      total: { messages: config.queueSizeLimit, bytes: config.queueBytesLimit },
      clientShare: config.clientSharePercent / 100,
    },
    recipients: config.telegram.allowedUsers,
    now,
    onDamage: (damage) => {
      found.damage = damage;
      logger.fatal(
        { ...damage },
        "the queue's file was damaged: it was moved aside, and what is readable was taken over",
      );
    },
    onExposed: (files) =>
      logger.warn({ files }, "everybody on this machine could read these files; they are closed now"),
    onStorageChange: (reason) => {
      if (reason === undefined) logger.info("the queue can write again");
      else logger.error({ reason }, "the queue cannot write: events are refused until it can");
    },
  });
  return { queue, ...found };
}
