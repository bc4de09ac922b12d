import type { Overview } from "../../contract/monitoring.ts";

const severities = { critical: "Critical", high: "Warning", warning: "Warning" } as const;
const words = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy" } as const;

/**
 * `GET /api/monitoring/dashboard` in the form that co8/cctelegram documents, of the last hour. What nothing here measures, or
 * there is nothing of, such as worker pools and circuit breakers, is left out.
 */
export function upstreamDashboard({ at, health, reasons, bridge, alerts, activity }: Overview) {
  const state = bridge.reachable ? bridge.state : undefined;
  const recent = (kind: string) =>
    activity
      .filter((each) => each.kind === kind)
      .slice(0, 20)
      .map(recentOf);
  return {
    timestamp: at,
    ...(state && {
      delivery_metrics: deliveryMetrics(state),
      queue_stats: { pending_jobs: state.queue.pending, dead_letter_jobs: state.queue.dead_letters },
      rate_limiter_metrics: { throttled_chats: state.pacing.waits.length },
      retry_stats: { retry_attempts_total: state.deliveries.retries },
    }),
    recent_deliveries: recent("delivered"),
    recent_failures: recent("refused"),
    system_health: { overall_status: words[health], problems: reasons },
    alerts: alerts
      .filter(({ firing }) => firing)
      .map(({ name, severity, message, since }) => ({
        id: name,
        severity: severities[severity],
        message,
        timestamp: since,
        correlation_ids: [],
      })),
  };
}

type State = Extract<Overview["bridge"], { reachable: true }>["state"];

function deliveryMetrics({ deliveries, queue }: State) {
  const { delivered, refused, retries, average_ms, slowest_ms } = deliveries;
  const settled = delivered + refused;
  return {
    total_messages: settled + queue.pending,
    delivered_messages: delivered,
    failed_messages: refused,
    dead_letter_messages: queue.dead_letters,
    average_delivery_time_ms: average_ms,
    peak_delivery_time_ms: slowest_ms,
    delivery_rate_percent: settled === 0 ? null : Math.round((10_000 * delivered) / settled) / 100,
    current_queue_depth: queue.pending,
    retry_attempts_total: retries,
  };
}

function recentOf({ at, event_id, client, text }: Overview["activity"][number]) {
  return {
    timestamp: at,
    ...(event_id !== undefined && { correlation_id: event_id }),
    ...(client !== undefined && { client }),
    text,
  };
}
