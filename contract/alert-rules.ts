/** When an alert fires: Prometheus judges by it, and the dashboard does without one. */
export type AlertRule = {
  readonly severity: "critical" | "high" | "warning";
  /** Seconds for which its condition has to hold. */
  readonly forSeconds: number;
  /** What must be exceeded; the alert's expression tells of what. Absent: it is no number. */
  readonly above?: number;
};

/** The alerts of docs/monitoring.md, by name. */
export const alertRules = Object.freeze({
  MCPServerDown: { severity: "critical", forSeconds: 60 },
  /** Answers with 5xx in a second. */
  HighErrorRate: { severity: "high", forSeconds: 120, above: 0.1 },
  /** Seconds that one request in twenty takes. */
  HighLatency: { severity: "warning", forSeconds: 300, above: 1 },
  /** In a second. */
  AuthenticationFailures: { severity: "critical", forSeconds: 0, above: 5 },
  RateLimitViolations: { severity: "high", forSeconds: 120, above: 10 },
  APIKeysNotLoaded: { severity: "high", forSeconds: 60 },
  BridgeDown: { severity: "critical", forSeconds: 120 },
  /** Seconds that the oldest message has waited. */
  MessagesDelayed: { severity: "high", forSeconds: 300, above: 300 },
  DeliveryPaused: { severity: "warning", forSeconds: 600 },
  /** Of the last 15 minutes. */
  MessagesFailed: { severity: "warning", forSeconds: 0, above: 0 },
  /** Percent of the file system that are in use. */
  VolumeNearlyFull: { severity: "high", forSeconds: 600, above: 85 },
  /** In a second. */
  SignatureFailures: { severity: "high", forSeconds: 300, above: 0.2 },
  BackupTooOld: { severity: "high", forSeconds: 300 },
  RotationOverdue: { severity: "high", forSeconds: 300 },
}) satisfies Readonly<Record<string, AlertRule>>;

export type AlertName = keyof typeof alertRules;
