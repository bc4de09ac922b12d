import { join } from "node:path";
import { snapshotEntries } from "../../../contract/backup.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { BridgeConfig } from "../config.ts";
import { recipientsOf } from "../routing/routing-table.ts";
import { Store } from "../storage/store.ts";
import type { Queue } from "./queue.ts";
import { SqliteQueue } from "./sqlite-queue.ts";

/** Opens the file in the data directory, and the queue in it. What happens to the file is logged. */
export function openQueue(
  config: BridgeConfig,
  logger: Logger,
  now: () => number,
): { readonly store: Store; readonly queue: Queue } {
  const store = new Store({
    path: join(config.dataDir, snapshotEntries.queue),
    now,
    onDamage: (damage) =>
      logger.fatal(
        { ...damage },
        "the queue's file was damaged: it was moved aside, and what is readable was taken over",
      ),
    onExposed: (files) =>
      logger.warn({ files }, "everybody on this machine could read these files; they are closed now"),
    onStorageChange: (reason) => {
      if (reason === undefined) logger.info("the queue can write again");
      else logger.error({ reason }, "the queue cannot write: events are refused until it can");
    },
  });
  const queue = new SqliteQueue(store, {
    limits: {
      total: { messages: config.queueSizeLimit, bytes: config.queueBytesLimit },
      clientShare: config.clientSharePercent / 100,
    },
    recipients: recipientsOf(config.telegram),
    deduplicationMs: config.deduplicationMs ?? 0,
    now,
  });
  return { store, queue };
}
