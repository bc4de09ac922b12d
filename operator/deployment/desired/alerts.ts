import { type AlertName, alertRules } from "../../../contract/alert-rules.ts";
import { metricNames, type SecurityEvent } from "../../../contract/metric-names.ts";

/** An alert; docs/runbooks has a page with its name. */
export type Alert = {
  readonly name: string;
  /** PromQL over the pods of one resource; `selector` is its list of label matchers. */
  readonly expression: (selector: string, expected: Expected) => string;
  /** How long the expression must hold. */
  readonly for: string;
  readonly severity: "critical" | "high" | "warning";
  readonly summary: string;
  readonly description: string;
};

/** The components that should have pods: one that is scaled to zero, or waits for its token, is not down. */
export type Expected = { readonly server: boolean; readonly bridge: boolean };

/** Without pods there is nothing to scrape, and `up` has no series that could be 0. */
const isDown = (up: string, isExpected: boolean) => (isExpected ? `${up} == 0 or absent(${up})` : `${up} == 0`);

const refused = (selector: string, event: SecurityEvent) =>
  `${metricNames.securityEvents}{${selector},event="${event}"}`;

/** The operator's own metrics: a Prometheus that does not honor its labels renames the namespace. */
function toldByOperator(metric: string, selector: string): string {
  const renamed = selector.replace(/^namespace=/, "exported_namespace=");
  return `max(${metric}{${selector}} or ${metric}{${renamed}}) > 0`;
}

/** What an alert is beside its rule. */
type Described = Omit<Alert, "for" | "severity"> & { readonly name: AlertName };

const {
  HighErrorRate: errorRate,
  HighLatency: latency,
  AuthenticationFailures: failures,
  RateLimitViolations: violations,
  MessagesDelayed: delay,
  MessagesFailed: failed,
  SignatureFailures: signatures,
  VolumeNearlyFull: volume,
} = alertRules;

/** The first five are those of the Enterprise Deployment Guide, with its expressions and times. */
const described: readonly Described[] = [
  {
    name: "MCPServerDown",
    expression: (selector, { server }) => isDown(`up{${selector},component="mcp-server"}`, server),
    summary: "MCP server is down",
    description: "An MCP server pod has not answered its scrapes for more than a minute, or there is none",
  },
  {
    name: "HighErrorRate",
    expression: (selector) => `sum(rate(${metricNames.requests}{${selector},status=~"5.."}[5m])) > ${errorRate.above}`,
    summary: "High error rate detected",
    description: "Error rate is {{ $value }} errors per second",
  },
  {
    name: "HighLatency",
    expression: (selector) =>
      `histogram_quantile(0.95, sum by (le) (rate(${metricNames.requestDuration}_bucket{${selector}}[5m]))) > ${latency.above}`,
    summary: "High response latency",
    description: "95th percentile latency is {{ $value }} seconds",
  },
  {
    name: "AuthenticationFailures",
    expression: (selector) => `sum(rate(${refused(selector, "authentication_failure")}[1m])) > ${failures.above}`,
    summary: "High authentication failure rate",
    description: "{{ $value }} authentication failures per second",
  },
  {
    name: "RateLimitViolations",
    expression: (selector) => `sum(rate(${refused(selector, "rate_limit_exceeded")}[5m])) > ${violations.above}`,
    summary: "High rate limit violation rate",
    description: "{{ $value }} rate limit violations per second",
  },
  {
    name: "APIKeysNotLoaded",
    expression: (selector) => `max(${metricNames.apiKeysLoadFailed}{${selector}}) > 0`,
    summary: "The file of API keys is absent or unusable",
    description: "A server works with the keys of before, or with none: what was revoked since may still be valid",
  },
  {
    name: "BridgeDown",
    expression: (selector, { bridge }) => isDown(`up{${selector},component="bridge"}`, bridge),
    summary: "Telegram bridge is down",
    description: "The bridge has not answered its scrapes for more than two minutes: no message is delivered",
  },
  {
    name: "MessagesDelayed",
    expression: (selector) =>
      `max(${metricNames.oldestMessageAge}{${selector}}) > ${delay.above} unless max(${metricNames.deliveryPaused}{${selector}}) > 0`,
    summary: "Messages reach Telegram late",
    description: "The oldest message has waited for {{ $value }} seconds",
  },
  {
    name: "DeliveryPaused",
    expression: (selector) => `max(${metricNames.deliveryPaused}{${selector}}) > 0`,
    summary: "Delivery to Telegram has been stopped for a while",
    description:
      "A client called stop_bridge, or bridge.fencing is Fenced: messages are kept until that ends or the queue is full",
  },
  {
    name: "MessagesFailed",
    expression: (selector) => `sum(increase(${metricNames.messagesFailed}{${selector}}[15m])) > ${failed.above}`,
    summary: "Telegram refused messages for good",
    description: "{{ $value }} messages of the last 15 minutes were refused and will not be sent again",
  },
  {
    name: "VolumeNearlyFull",
    expression: (selector) =>
      `100 * (1 - ${metricNames.volumeFree}{${selector}} / ${metricNames.volumeSize}{${selector}}) > ${volume.above}`,
    summary: "The volume of the queue is nearly full",
    description: "{{ $value }} percent of it are in use; when it is full the bridge takes no more messages",
  },
  {
    name: "SignatureFailures",
    // Not those at the webhook, which whoever finds the public address can cause.
    expression: (selector) =>
      `sum(rate(${metricNames.signatureFailures}{${selector},reason!="webhook"}[5m])) > ${signatures.above}`,
    summary: "The bridge refuses signatures",
    description: "{{ $value }} requests per second to the bridge have a signature that does not count",
  },
  {
    name: "BackupTooOld",
    expression: (selector) => toldByOperator(metricNames.backupOverdue, selector),
    summary: "The last backup is too old",
    description: "A backup that the schedule asked for has not succeeded for more than an hour",
  },
  {
    name: "RotationOverdue",
    expression: (selector) => toldByOperator(metricNames.rotationOverdue, selector),
    summary: "A secret is older than its schedule allows",
    description: "The secret between server and bridge, a key or a password should have been replaced a day ago",
  },
];

/** In the order of docs/monitoring.md. */
export const alerts: readonly Alert[] = described.map((alert) => {
  const { severity, forSeconds } = alertRules[alert.name];
  return { ...alert, for: `${forSeconds / 60}m`, severity };
});
