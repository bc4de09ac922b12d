import type { DeploymentSpec } from "../../../api/spec.ts";
import type { Counters } from "./counters.ts";

/** The counters of all pods of a version at one moment, by the pods' uids. */
export type Reading = ReadonlyMap<string, Counters>;

export type Limits = NonNullable<NonNullable<DeploymentSpec["rollout"]["analysis"]>["metrics"]>;

type Counts = Omit<Counters, "startedAt">;

/**
 * What was counted between two readings. The counters of a container that was started again begin at zero, and a pod that was not there
 * has counted all since then; what a pod counted that is gone is lost, as for Prometheus.
 */
export function between(before: Reading, after: Reading): Counts {
  const durations = new Map<number, number>();
  let [calls, errors] = [0, 0];
  for (const [pod, now] of after) {
    const known = before.get(pod);
    const then = known === undefined || isReset(known, now) ? undefined : known;
    calls += grown(then?.calls, now.calls);
    errors += grown(then?.errors, now.errors);
    for (const [bound, count] of now.durations)
      durations.set(bound, (durations.get(bound) ?? 0) + grown(then?.durations.get(bound), count));
  }
  return { calls, errors, durations };
}

const isReset = (before: Counters, after: Counters) =>
  before.startedAt !== after.startedAt || after.calls < before.calls;

const grown = (before = 0, after: number) => Math.max(0, after - before);

/** The duration in seconds that so many percent of the calls do not exceed, as histogram_quantile of Prometheus estimates it. */
export function percentileOf(durations: Counts["durations"], percent: number): number | undefined {
  const total = durations.get(Number.POSITIVE_INFINITY) ?? 0;
  if (total === 0) return undefined;
  const rank = (total * percent) / 100;
  let [bound, count] = [0, 0];
  for (const [next, upTo] of [...durations].toSorted(([one], [other]) => one - other)) {
    if (upTo >= rank)
      return next === Number.POSITIVE_INFINITY ? next : bound + ((next - bound) * (rank - count)) / (upTo - count);
    [bound, count] = [next, Math.max(count, upTo)];
  }
  return Number.POSITIVE_INFINITY;
}

export type Verdict =
  | { readonly state: "Passed" | "Undecided" }
  | { readonly state: "Failed"; readonly problem: string };

/** Errors fail a version as soon as there are calls enough; how long calls take is judged at the end. */
export function judged(counts: Counts, limits: Limits, isOver: boolean): Verdict {
  if (counts.calls < limits.minCalls) return { state: "Undecided" };
  const problem = tooManyErrors(counts, limits) ?? (isOver ? tooSlow(counts, limits) : undefined);
  if (problem !== undefined) return { state: "Failed", problem };
  return { state: isOver ? "Passed" : "Undecided" };
}

function tooManyErrors({ calls, errors }: Counts, { maxErrorPercent }: Limits): string | undefined {
  if (maxErrorPercent === undefined || errors * 100 <= maxErrorPercent * calls) return undefined;
  return `its pods answered ${errors} of ${calls} calls with 5xx, more than rollout.analysis.metrics.maxErrorPercent (${maxErrorPercent}) allows`;
}

function tooSlow({ durations }: Counts, { latency }: Limits): string | undefined {
  if (latency === undefined) return undefined;
  const { percentile, maxMilliseconds } = latency;
  const seconds = percentileOf(durations, percentile);
  if (seconds === undefined || seconds * 1000 <= maxMilliseconds) return undefined;
  const shown = Number.isFinite(seconds) ? `${Math.round(seconds * 1000)} ms` : "longer than can be measured";
  return `calls to its pods take ${shown} at the ${percentile}th percentile, more than rollout.analysis.metrics.latency.maxMilliseconds (${maxMilliseconds}) allows`;
}
