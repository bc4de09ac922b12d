import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "../roles/running.ts";
import type { Logger } from "../telemetry/logger.ts";

export type ShutdownTimes = { readonly delayMs: number; readonly timeoutMs: number };

/** Milliseconds in which clients may hear that nothing comes any more, after the time is over. */
const farewellMs = 2_000;

/**
 * Ends a role in the order that clients do not notice: not ready first, then a wait until load balancers know, then the
 * port closes and the work in flight finishes. Work that is left after `timeoutMs` is given up, and who waits for it is told.
 */
export async function shutDown(running: Running, { delayMs, timeoutMs }: ShutdownTimes, logger: Logger): Promise<void> {
  running.drain();
  logger.info({ delay_ms: delayMs }, "shutting down; not ready any more");
  await sleep(delayMs);
  const late = new AbortController();
  const tooLate = sleep(timeoutMs, "late", { signal: late.signal }).catch(() => undefined);
  const outcome = await Promise.race([running.close(), tooLate]);
  late.abort();
  if (outcome !== "late") return;
  logger.warn({ timeout_ms: timeoutMs }, "work was still in flight at the end of the time");
  await Promise.race([running.giveUp?.(), sleep(farewellMs)]);
}
