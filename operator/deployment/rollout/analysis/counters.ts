import { metricNames } from "../../../../contract/metric-names.ts";
import { routes } from "../../../../contract/routes.ts";

/** What one pod has counted since its start. */
export type Counters = {
  /** Unix time of its start in seconds, as it tells. */
  readonly startedAt: number | undefined;
  readonly calls: number;
  /** Of these, those that were answered with 5xx. */
  readonly errors: number;
  /** How many took at most so many seconds, by the bound; `Infinity` has all of them. */
  readonly durations: ReadonlyMap<number, number>;
};

/** A probe of the kubelet is no call of a client. */
const healthRoutes: ReadonlySet<string> = new Set([
  routes.health,
  routes.detailedHealth,
  routes.live,
  routes.ready,
  routes.upstreamLive,
  routes.upstreamReady,
  routes.report,
  routes.status,
]);

const startMetric = "process_start_time_seconds";
const bucketMetric = `${metricNames.requestDuration}_bucket`;

/** Of one pod; the servers have thirteen. */
const mostBounds = 100;

/**
 * Reads what the analysis needs in Prometheus' text format; undefined when it is not there. Pods are not trusted: lines that are none,
 * and numbers that no counter can have, are skipped.
 */
export function countersIn(text: string): Counters | undefined {
  const samples = text.split("\n").flatMap((line) => sampleIn(line) ?? []);
  const calls = samples.filter(({ name, labels }) => name === metricNames.requests && isCall(labels));
  const durations = new Map<number, number>();
  for (const { name, labels, value } of samples)
    if (name === bucketMetric && isCall(labels) && !isStream(labels)) addDuration(durations, labels.get("le"), value);
  if (calls.length === 0 || !durations.has(Number.POSITIVE_INFINITY)) return undefined;
  return {
    startedAt: samples.find(({ name }) => name === startMetric)?.value,
    calls: sum(calls),
    errors: sum(calls.filter(({ labels }) => labels.get("status")?.startsWith("5"))),
    durations,
  };
}

const isCall = (labels: Labels) => !healthRoutes.has(labels.get("route") ?? "");

const sum = (samples: readonly Sample[]) => samples.reduce((total, { value }) => total + value, 0);

/** It is open for as long as its client listens. */
const isStream = (labels: Labels) => labels.get("method") === "GET" && labels.get("route") === routes.mcp;

function addDuration(durations: Map<number, number>, le: string | undefined, value: number): void {
  const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number.parseFloat(le ?? "");
  if (!(bound > 0) || (durations.size >= mostBounds && !durations.has(bound))) return;
  durations.set(bound, (durations.get(bound) ?? 0) + value);
}

type Labels = ReadonlyMap<string, string>;
type Sample = { readonly name: string; readonly labels: Labels; readonly value: number };

const read: ReadonlySet<string> = new Set([startMetric, metricNames.requests, bucketMetric]);

function sampleIn(
  line: string,
): { readonly name: string; readonly labels: Labels; readonly value: number } | undefined {
  const name = /^\w{1,64}/.exec(line)?.[0];
  if (name === undefined || !read.has(name)) return undefined;
  const end = line.lastIndexOf("}");
  const labels = [...line.slice(name.length, end + 1).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  const value = Number(
    line
      .slice(Math.max(end + 1, name.length))
      .trim()
      .split(" ", 1)[0] || "none",
  );
  if (!(value >= 0) || value > Number.MAX_SAFE_INTEGER) return undefined;
  return { name, labels: new Map(labels.map(([, label = "", text = ""]) => [label, text])), value };
}
