import { alertRules } from "../../contract/alert-rules.ts";
import type { PodReport } from "../../contract/monitoring.ts";
import type { ServerTelling } from "../../contract/monitoring-servers.ts";
import type { Ban } from "../access/bans.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";

/** Counts since the start of the process. */
export type Totals = ServerTelling["totals"] & { readonly toolCalls: number; readonly slow: number };

type Sample = { readonly at: number; readonly totals: Totals };

const windowMs = 60_000;
const shownBans = 100;

/** The means of the last minute, of counts that are looked at now and then. Pure: times are of a clock that is never set back. */
export class LastMinute {
  #samples: readonly Sample[] = [];

  look(totals: Totals, at: number): void {
    // The newest one that is older than a minute stays: it is what the minute begins with.
    const first = this.#samples.findLastIndex((sample) => at - sample.at >= windowMs);
    this.#samples = [...this.#samples.slice(Math.max(0, first)), { at, totals }];
  }

  /** How many in a minute. */
  mean(name: keyof Totals): number {
    const [first, last] = [this.#samples.at(0), this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    const mean = ((last.totals[name] - first.totals[name]) * windowMs) / (last.at - first.at);
    return Math.round(Math.max(0, mean) * 100) / 100;
  }
}

/** Reads the counters that are there anyway: what is measured costs no request anything. */
export async function totalsOf(metrics: ServerMetrics): Promise<Totals> {
  const { requests, requestDuration, rateLimited, authenticationFailures, toolCalls } = metrics;
  const [asked, durations, limited, failed, called] = await Promise.all([
    requests.get(),
    requestDuration.get(),
    rateLimited.get(),
    authenticationFailures.get(),
    toolCalls.get(),
  ]);
  const total = sumOf(asked.values);
  const fast = sumOf(durations.values.filter(isFast));
  return {
    requests: total,
    errors: sumOf(asked.values.filter(({ labels }) => `${labels.status}`.startsWith("5"))),
    limited: sumOf(limited.values),
    unauthenticated: sumOf(failed.values),
    toolCalls: sumOf(called.values),
    slow: Math.max(0, total - fast),
  };
}

/** Of a histogram's series those that count what took no longer than the alert allows. */
function isFast({ metricName, labels }: { readonly metricName?: string; readonly labels: object }): boolean {
  const { le } = labels as { readonly le?: unknown };
  return metricName?.endsWith("_bucket") === true && Number(le) === alertRules.HighLatency.above;
}

const sumOf = (values: readonly { readonly value: number }[]): number =>
  values.reduce((sum, { value }) => sum + value, 0);

export type ReportParts = {
  readonly name: string;
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly keysProblem: string | undefined;
  readonly draining: boolean;
  readonly memoryBytes: number;
  readonly heldUpMs: number;
  readonly streams: number;
  readonly minute: Pick<LastMinute, "mean">;
};

/** How this server is. */
export function reportOf(parts: ReportParts): PodReport {
  const { name, version, startedAt, now, keysProblem, draining, memoryBytes, heldUpMs, streams, minute } = parts;
  const reasons = [...(keysProblem === undefined ? [] : [keysProblem]), ...(draining ? ["shutting down"] : [])];
  return {
    name: name.slice(0, 256),
    role: "server",
    version: version.slice(0, 256),
    started_at: timestamp(startedAt),
    seen_at: timestamp(now),
    health: keysProblem === undefined ? "healthy" : "degraded",
    reasons: reasons.map((reason) => reason.slice(0, 256)),
    draining,
    memory_bytes: memoryBytes,
    event_loop_delay_ms: Math.round(heldUpMs),
    streams,
    per_minute: {
      requests: minute.mean("requests"),
      errors: minute.mean("errors"),
      limited: minute.mean("limited"),
      unauthenticated: minute.mean("unauthenticated"),
      tool_calls: minute.mean("toolCalls"),
    },
  };
}

/** What a server tells the bridge. */
export function tellingOf(
  process: string,
  report: PodReport,
  { totals, minute, bans }: { totals: Totals; minute: Pick<LastMinute, "mean">; bans: readonly Ban[] },
): ServerTelling {
  const requests = minute.mean("requests");
  const { requests: asked, errors, limited, unauthenticated } = totals;
  return {
    process,
    report,
    totals: { requests: asked, errors, limited, unauthenticated },
    slow_share: requests === 0 ? 0 : Math.min(1, minute.mean("slow") / requests),
    keys_failed: report.health !== "healthy",
    bans: bans.slice(0, shownBans).map(({ address, reason, client, since, until }) => ({
      ...{ address, reason, since: timestamp(since), until: timestamp(until) },
      ...(client !== undefined && { client: client.slice(0, 256) }),
    })),
    bans_total: bans.length,
  };
}

const timestamp = (time: number): string => new Date(time).toISOString();
