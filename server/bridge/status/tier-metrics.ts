import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Priority } from "../../../contract/priority.ts";
import { type FailureCause, failureCauses, type Outcome, outcomeKinds } from "../telegram/outcome.ts";

/** Of co8/cctelegram's three ways to deliver there is one here: the bridge asks Telegram. */
const tier = "bridge";
const operation = "send_message";

const severities = ["critical", "high", "medium"] as const;
const triggers = ["rate_limited", "retry"] as const;

/** The values that gauges show. */
export type TierGauged = {
  readonly pending: number;
  readonly usable: boolean;
  readonly reachable: boolean;
  readonly depths: Readonly<Record<Priority, number>>;
  /** Of the circuit breaker: 0 sends, 1 finds out, 2 waits. */
  readonly breaker: 0 | 1 | 2;
};

export type TierMetrics = {
  /** A request to send a message ended; `isAgain`: an earlier one for the same message had failed. */
  asked(kind: Outcome["kind"], durationMs: number, isAgain: boolean): void;
  /** Nothing is sent, because Telegram does not answer to anything, or because requests fail in a row. */
  tripped(reason: "unreachable" | FailureCause): void;
};

/** What the bridge measures, under the names of co8/cctelegram's alert rules and dashboards. */
export function createTierMetrics(registry: Registry, gauged: () => TierGauged): TierMetrics {
  const registers = [registry];
  gauges(registers, gauged);
  const { requests, success, failure, duration, classes, severity, ...rest } = counters(registers);
  const { trips, recoveries, recovered } = rest;
  const of = { tier, operation };
  return {
    asked(kind, durationMs, isAgain) {
      requests.inc(of);
      duration.observe(of, durationMs / 1000);
      if (isSuccess(kind)) {
        success.inc(of);
        if (kind === "sent" && isAgain) recovered.inc({ tier, strategy: "retry" });
        return;
      }
      failure.inc(of);
      classes.inc({ ...of, category: kind });
      severity.inc({ tier, severity: severityOf(kind) });
      const trigger = triggers.find((each) => each === kind);
      if (trigger !== undefined) recoveries.inc({ tier, strategy: "retry", trigger });
    },
    tripped: (reason) => trips.inc({ tier, reason }),
  };
}

const isSuccess = (kind: Outcome["kind"]): boolean => kind === "sent" || kind === "named";

/** critical: nothing is sent until a person acts; high: the message is lost. */
function severityOf(kind: Outcome["kind"]): (typeof severities)[number] {
  if (kind === "unauthorized") return "critical";
  return kind === "failed" ? "high" : "medium";
}

function counters(registers: Registry[]) {
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `cctelegram_${name}`, help, labelNames: [...labelNames], registers });
  const byOperation = ["tier", "operation"] as const;
  const metrics = {
    requests: counter("tier_requests_total", "Requests to Telegram to send a message", byOperation),
    success: counter("tier_success_total", "Those that Telegram confirmed", byOperation),
    failure: counter("tier_failure_total", "Those that failed", byOperation),
    classes: counter("error_classification_total", "Those that failed, by outcome", [...byOperation, "category"]),
    severity: counter(
      "error_severity_distribution",
      "Those that failed. critical: nothing is sent until a person acts; high: the message is lost; medium: it is tried again",
      ["tier", "severity"],
    ),
    trips: counter(
      "circuit_breaker_trips_total",
      "How often sending stopped, because Telegram did not answer or requests failed in a row",
      ["tier", "reason"],
    ),
    recoveries: counter("recovery_attempts_total", "Failed requests after which the message is tried again", [
      ...["tier", "strategy", "trigger"],
    ]),
    recovered: counter("recovery_success_total", "Messages that Telegram confirmed after a request had failed", [
      ...["tier", "strategy"],
    ]),
    duration: new Histogram({
      name: "cctelegram_tier_response_time_seconds",
      help: "Duration of requests to Telegram to send a message",
      labelNames: [...byOperation],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
  for (const each of [metrics.requests, metrics.success, metrics.failure]) each.inc({ tier, operation }, 0);
  for (const category of outcomeKinds) if (!isSuccess(category)) metrics.classes.inc({ tier, operation, category }, 0);
  for (const severity of severities) metrics.severity.inc({ tier, severity }, 0);
  for (const trigger of triggers) metrics.recoveries.inc({ tier, strategy: "retry", trigger }, 0);
  metrics.recovered.inc({ tier, strategy: "retry" }, 0);
  for (const reason of ["unreachable", ...failureCauses]) metrics.trips.inc({ tier, reason }, 0);
  metrics.duration.zero({ tier, operation });
  return metrics;
}

function gauges(registers: Registry[], gauged: () => TierGauged): void {
  const gauge = (name: string, help: string, labels: Readonly<Record<string, string>>, value: () => number) =>
    new Gauge({
      name: `cctelegram_${name}`,
      help,
      labelNames: Object.keys(labels),
      registers,
      collect() {
        this.set(labels, value());
      },
    });
  const pending = () => gauged().pending;
  gauge("tier_queue_depth", "Messages that are not yet delivered", { tier }, pending);
  new Gauge({
    name: "cctelegram_priority_queue_depth",
    help: "Messages that are not yet delivered, by priority; what the bridge itself says is urgent",
    labelNames: ["tier", "priority"],
    registers,
    collect() {
      for (const [priority, depth] of Object.entries(gauged().depths)) this.set({ tier, priority }, depth);
    },
  });
  gauge("active_correlations", "Messages that are not yet delivered, each with the id of its event", {}, pending);
  gauge(
    "tier_circuit_breaker_state",
    "0: messages are sent; 1: one message finds out whether they can be; 2: nothing is sent for a while",
    { tier },
    () => (gauged().reachable ? gauged().breaker : 2),
  );
  gauge(
    "tier_health_score",
    "1: messages are taken and sent; 0.5: they are taken, and Telegram does not answer; 0: the queue cannot be used",
    { tier },
    () => healthScore(gauged()),
  );
}

function healthScore({ usable, reachable }: TierGauged): number {
  if (!usable) return 0;
  return reachable ? 1 : 0.5;
}
