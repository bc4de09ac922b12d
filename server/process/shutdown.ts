import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "../roles/running.ts";
import type { Logger } from "../telemetry/logger.ts";

export type ShutdownTimes = { readonly delayMs: number; readonly timeoutMs: number };

/**
 * Ends a role in the order that clients do not notice: not ready first, then a wait until load balancers know, then the
 * port closes and the work in flight finishes. Resolves after `timeoutMs` at the latest, even if work is left.
 */
export async function shutDown(running: Running, { delayMs, timeoutMs }: ShutdownTimes, logger: Logger): Promise<void> {
  running.drain();
  logger.info({ delay_ms: delayMs }, "shutting down; not ready any more");
  await sleep(delayMs);
  const late = new AbortController();
  const tooLate = sleep(timeoutMs, "late", { signal: late.signal }).catch(() => undefined);
  const outcome = await Promise.race([running.close(), tooLate]);
  late.abort();
  if (outcome === "late") logger.warn({ timeout_ms: timeoutMs }, "work was still in flight at the end of the time");
}
