/** Metrics of server, bridge and operator that alerts, autoscalers and predictions are made of. */
export const metricNames = Object.freeze({
  requests: "http_requests_total",
  requestDuration: "http_request_duration_seconds",
  securityEvents: "security_events_total",
  apiKeysLoadFailed: "api_keys_load_failed",
  oldestMessageAge: "cctelegram_queue_oldest_age_seconds",
  messagesFailed: "cctelegram_messages_failed_total",
  deliveryPaused: "cctelegram_delivery_paused",
  updatesSilence: "cctelegram_updates_silence_seconds",
  signatureFailures: "cctelegram_signature_failures_total",
  callsInFlight: "mcp_calls_in_flight",
  volumeSize: "cctelegram_volume_size_bytes",
  volumeFree: "cctelegram_volume_free_bytes",
  /** The operator's, with the labels of the resource. */
  backupOverdue: "cctelegram_backup_overdue",
  rotationOverdue: "cctelegram_secret_rotation_overdue",
});

/** Values of the label `event` of the security events. */
export const securityEvents = [
  "authentication_failure",
  "rate_limit_exceeded",
  "shared_limit_exceeded",
  "authorization_failure",
  "ban",
] as const;

export type SecurityEvent = (typeof securityEvents)[number];

/** What somebody is banned for; values of the label `reason` of the bans. */
export const banReasons = ["authentication_failures", "exceeded_limits"] as const;

export type BanReason = (typeof banReasons)[number];
