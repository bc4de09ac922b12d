import type { BridgeStatus, Health, QueueStatus, TelegramStatus } from "./contract.ts";
import { ageSeconds } from "./metrics.ts";
import type { QueueStats } from "./queue.ts";

/** Everything that the bridge's health is judged by. */
export type Facts = {
  readonly queue: QueueStats;
  readonly queueLimit: number;
  readonly telegram: TelegramStatus;
  readonly closing: boolean;
  readonly now: number;
};

/** What keeps the bridge from being ready; empty when it is. */
export function obstacles({ queue, telegram, closing }: Facts): readonly string[] {
  return [
    ...(closing ? ["shutting down"] : []),
    ...(queue.usable ? [] : [`queue not usable: ${queue.error ?? "unknown reason"}`]),
    ...(telegram.reachable ? [] : [`Telegram not reachable: ${telegram.error ?? "unknown reason"}`]),
  ];
}

/** Unhealthy: events are refused. Degraded: events are kept, but not delivered or nearly too many. */
export function healthOf(facts: Facts): Health {
  const { queue, queueLimit } = facts;
  if (!queue.usable || facts.closing || queue.pending >= queueLimit) return "unhealthy";
  return facts.telegram.reachable && queue.pending < queueLimit * 0.8 ? "healthy" : "degraded";
}

export function queueStatus({ queue, queueLimit, now }: Facts): QueueStatus {
  return {
    usable: queue.usable,
    pending: queue.pending,
    oldest_age_seconds: ageSeconds(queue, now),
    failed: queue.failed,
    limit: queueLimit,
    ...(queue.error === undefined ? {} : { error: queue.error }),
  };
}

export type StatusParts = {
  readonly facts: Facts;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly counts: Pick<BridgeStatus["metrics"], "events_processed" | "telegram_messages_sent" | "error_count">;
  readonly usage: Pick<BridgeStatus["metrics"], "memory_usage_mb" | "cpu_usage_percent">;
  readonly lastEventTime: string | undefined;
};

/** Body of `GET /status`. */
export function statusOf({ facts, version, uptimeSeconds, counts, usage, lastEventTime }: StatusParts): BridgeStatus {
  return {
    running: true,
    health: healthOf(facts),
    version,
    uptime_seconds: uptimeSeconds,
    telegram: facts.telegram,
    queue: queueStatus(facts),
    metrics: { ...counts, ...usage, uptime_seconds: uptimeSeconds },
    ...(lastEventTime === undefined ? {} : { last_event_time: lastEventTime }),
  };
}
