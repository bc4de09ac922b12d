/** A metric that co8/cctelegram's bridge, alert rules, dashboards or guides name, with the labels that they use. */
export type UpstreamMetric = {
  readonly name: string;
  readonly labels?: readonly string[];
  /** Who asks for it. */
  readonly by: string;
  /** Why nobody has it here. */
  readonly leftOut?: string;
};

const bridge = "co8/cctelegram's bridge";
const rules = "its alert rules";
const dashboards = "its dashboards";
const both = `${rules} and dashboards`;
const guide = "the deployment guides";
const oneWay = "there is one way to deliver, so that nothing is chosen";

/** All of them. Where a name is there, its expressions find series. */
export const upstreamMetrics: readonly UpstreamMetric[] = [
  { name: "cc_telegram_events_processed_total", by: bridge },
  { name: "cc_telegram_event_processing_duration_seconds", by: bridge },
  { name: "cc_telegram_messages_sent_total", by: bridge },
  { name: "cc_telegram_message_duration_seconds", by: bridge },
  { name: "cc_telegram_memory_usage_bytes", by: bridge },
  { name: "cc_telegram_cpu_usage_percent", by: bridge },
  { name: "cc_telegram_file_watcher_events_total", by: bridge },
  { name: "cc_telegram_errors_total", by: bridge },
  { name: "http_requests_total", labels: ["status"], by: `${guide}, ${rules}` },
  { name: "http_request_duration_seconds", by: `${guide}, ${rules}` },
  { name: "http_requests_per_second", by: "the autoscaler of its Helm guide" },
  { name: "security_events_total", labels: ["event"], by: guide },
  { name: "rate_limit_exceeded_total", by: rules },
  { name: "security_violations_total", by: rules },
  { name: "authentication_failures_total", by: rules },
  { name: "process_resident_memory_bytes", by: rules },
  { name: "process_cpu_seconds_total", by: rules },
  { name: "cctelegram_tier_requests_total", labels: ["tier", "operation"], by: both },
  { name: "cctelegram_tier_success_total", labels: ["tier", "operation"], by: dashboards },
  { name: "cctelegram_tier_failure_total", labels: ["tier", "operation"], by: both },
  { name: "cctelegram_tier_response_time_seconds", labels: ["tier", "operation"], by: dashboards },
  { name: "cctelegram_tier_circuit_breaker_state", labels: ["tier"], by: both },
  { name: "cctelegram_circuit_breaker_trips_total", labels: ["tier", "reason"], by: both },
  { name: "cctelegram_tier_queue_depth", labels: ["tier"], by: dashboards },
  { name: "cctelegram_priority_queue_depth", labels: ["tier", "priority"], by: both },
  { name: "cctelegram_tier_health_score", labels: ["tier"], by: both },
  { name: "cctelegram_active_correlations", by: dashboards },
  { name: "cctelegram_error_classification_total", labels: ["tier", "category", "operation"], by: dashboards },
  { name: "cctelegram_error_severity_distribution", labels: ["tier", "severity"], by: both },
  { name: "cctelegram_recovery_attempts_total", labels: ["tier", "strategy", "trigger"], by: both },
  { name: "cctelegram_recovery_success_total", labels: ["tier", "strategy"], by: both },
  { name: "cctelegram_messages_delivered_total", by: bridge },
  { name: "cctelegram_messages_failed_total", by: bridge },
  {
    name: "cctelegram_messages_total",
    by: bridge,
    leftOut: "`cctelegram_messages_delivered_total` and both states of `cctelegram_queue_messages` are its parts",
  },
  {
    name: "cctelegram_delivery_rate_percent",
    by: bridge,
    leftOut: "a share since the start says nothing of now: divide `rate()` of delivered and failed messages",
  },
  {
    name: "cctelegram_average_delivery_time_ms",
    by: bridge,
    leftOut:
      "a mean since the start says nothing of now: `cctelegram_queue_oldest_age_seconds` tells how long messages wait",
  },
  { name: "cctelegram_failover_events_total", by: both, leftOut: oneWay },
  { name: "cctelegram_intelligent_selection_total", by: dashboards, leftOut: oneWay },
  { name: "cctelegram_selection_strategy_distribution", by: dashboards, leftOut: oneWay },
  { name: "cctelegram_tier_score_histogram", by: both, leftOut: oneWay },
  {
    name: "cctelegram_bulkhead_utilization_ratio",
    by: both,
    leftOut: "resources are not divided among ways to deliver",
  },
  { name: "cctelegram_adaptive_timeout_seconds", by: both, leftOut: "time limits do not change by themselves" },
  {
    name: "cctelegram_self_healing_attempts_total",
    by: both,
    leftOut: "what is tried again is in `cctelegram_recovery_attempts_total`; everything else Kubernetes restarts",
  },
  { name: "cctelegram_self_healing_success_total", by: both, leftOut: "as for the attempts" },
];
