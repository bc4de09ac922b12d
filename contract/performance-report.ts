import type { BridgeStatus } from "./bridge-status.ts";

/** What a report is made of: a status that names nobody. */
export type ReportedStatus = Omit<BridgeStatus, "refusals" | "refused_topics" | "paused"> & {
  /** How many chats refuse messages. */
  readonly refusals: number;
  readonly paused?: { readonly since: string };
};

/**
 * `GET /report` as co8/cctelegram's bridge answers it, with what is measured: fields that are constants there are left out.
 *
 * @example
 * ```ts
 * const metrics = { uptime_seconds: 120, events_processed: 4, telegram_messages_sent: 3, error_count: 1, memory_usage_mb: 60, cpu_usage_percent: 2 };
 * const telegram = { reachable: false, error: "no route to host", checked_at: "2026-01-01T00:00:00Z" };
 * const queue = { usable: true, pending: 1, oldest_age_seconds: 9, failed: 0, limit: 100 };
 * const status = { running: true, health: "degraded", version: "0.1.0", uptime_seconds: 120, telegram, queue, refusals: 0, metrics } as const;
 * const report = performanceReport(status, "2026-01-01T00:00:09Z");
 * JSON.stringify(report.health_status); // => {"Warning":"Telegram is not reachable: no route to host"}
 * report.event_metrics.events_per_minute; // => 2
 * report.telegram_metrics.error_rate_percent; // => 25
 * ```
 */
export function performanceReport(status: ReportedStatus, timestamp: string) {
  const { uptime_seconds, events_processed, telegram_messages_sent: sent, error_count, ...usage } = status.metrics;
  const problems = problemsOf(status);
  return {
    timestamp,
    health_status: healthStatus(status.health, problems),
    system_metrics: { ...usage, uptime_seconds },
    event_metrics: {
      total_events_processed: events_processed,
      events_per_minute: uptime_seconds === 0 ? null : round(events_processed / (uptime_seconds / 60)),
      last_event_timestamp: status.last_event_time ?? null,
    },
    telegram_metrics: {
      messages_sent: sent,
      api_errors: error_count,
      error_rate_percent: sent + error_count === 0 ? null : round((100 * error_count) / (sent + error_count)),
    },
    recommendations: problems,
  };
}

function healthStatus(health: BridgeStatus["health"], problems: readonly string[]) {
  const text = problems.join("; ") || health;
  if (health === "healthy") return "Healthy";
  return health === "degraded" ? { Warning: text } : { Critical: text };
}

function problemsOf({ queue, telegram, receiving, refusals, paused, waiting }: ReportedStatus): string[] {
  return [
    ...(queue.usable ? [] : [`The queue cannot be used: ${queue.error ?? "unknown reason"}`]),
    ...(queue.pending < queue.limit * 0.8 ? [] : [`${queue.pending} of ${queue.limit} messages wait`]),
    ...(telegram.reachable ? [] : [`Telegram is not reachable: ${telegram.error ?? "unknown reason"}`]),
    ...(receiving?.error === undefined ? [] : [`What people say is not received: ${receiving.error}`]),
    ...(refusals === 0 ? [] : [`Chats that refuse messages: ${refusals}`]),
    ...(paused === undefined ? [] : [`Delivery is stopped since ${paused.since}; start_bridge resumes it`]),
    ...(waiting === undefined || !queue.usable || !telegram.reachable
      ? []
      : [`${waiting.reason}, until ${waiting.until}`]),
  ];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
