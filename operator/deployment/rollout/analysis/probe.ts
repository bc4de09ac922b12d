import { ports } from "../../../../contract/ports.ts";
import { routes } from "../../../../contract/routes.ts";
import type { DeploymentSpec } from "../../../api/spec.ts";
import { Limiter } from "../../../runtime/limiter.ts";
import type { PlainFetch } from "../../../runtime/plain-http.ts";
import type { ServerPod } from "../../probing/http-probe.ts";
import type { Reading as ScheduleReading } from "../../probing/probe-schedule.ts";
import { type Counters, countersIn } from "./counters.ts";
import type { Limits, Reading } from "./judgement.ts";
import { advanced, type Progress } from "./windows.ts";

/** The version whose metrics are analysed: before clients reach it, and for as long as it could give way. */
export type MetricsTarget = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly deployment: string;
  readonly template: string;
  readonly attempt: string;
  readonly durationSeconds: number;
  readonly limits: Limits;
};

export type MetricsResult = {
  readonly template: string;
  readonly passed: boolean;
  readonly problem?: string;
  /** Why it cannot pass yet. */
  readonly waits?: string;
  /** Set by the schedule. */
  readonly lasting?: boolean;
};

type Analysis = NonNullable<DeploymentSpec["rollout"]["analysis"]>;

/** What is asked of the metrics of a version; undefined when nothing is. */
export const metricsTarget = (
  place: Omit<MetricsTarget, "durationSeconds" | "limits">,
  analysis: Analysis | undefined,
): MetricsTarget | undefined =>
  analysis?.metrics && { ...place, durationSeconds: analysis.durationSeconds, limits: analysis.metrics };

/** How the schedule reads the results. What has failed has failed for good, so nothing is waited for. */
export const metricsReading: ScheduleReading<MetricsResult> & { keepsResults: boolean; patience: number } = {
  isWell: ({ problem }) => problem === undefined,
  isQuiet: () => false,
  shown: (result) => JSON.stringify(result) ?? "",
  keepsResults: false,
  patience: 1,
};

type Parts = {
  readonly fetch: PlainFetch;
  readonly now: () => number;
  readonly podsOf: (target: MetricsTarget) => readonly ServerPod[];
  readonly timeoutMs?: number;
};

/** In characters; a server with all tools and routes writes some 100 KB. */
const longestMetrics = 1024 * 1024;

/** Answers are held while they are read, so few are read at a time. */
const readAtATime = 4;

/** Reads the counters of the pods of a version, and judges what they have counted since. */
export function metricsProbe({ fetch, now, podsOf, timeoutMs = 5_000 }: Parts) {
  const known = new Map<string, Progress>();
  const limiter = new Limiter(readAtATime);
  const readPod = async ({ address }: ServerPod): Promise<Counters | string> => {
    const host = address.includes(":") ? `[${address}]` : address;
    const url = `http://${host}:${ports.metrics}${routes.metrics}`;
    try {
      const answer = await fetch(url, { method: "GET", headers: {}, timeoutMs, longestAnswer: longestMetrics });
      if (!answer.ok) return `they are answered with HTTP ${answer.status}`;
      return countersIn(await answer.text()) ?? "the counters of requests are not among them";
    } catch {
      return "there is no complete answer";
    }
  };
  return {
    probe: async (target: MetricsTarget): Promise<MetricsResult> => {
      const { uid, template, attempt } = target;
      const pods = podsOf(target);
      const read = await Promise.all(pods.map((pod) => limiter.run(() => readPod(pod))));
      const cause = pods.length === 0 ? "none is ready" : read.find((each) => typeof each === "string");
      const last = known.get(uid);
      const before = last?.attempt === attempt ? last : undefined;
      if (cause !== undefined)
        return { ...shown(template, before), waits: `the metrics of its pods cannot be read: ${cause}` };
      const reading: Reading = new Map(
        read.flatMap((each, at) => (typeof each === "string" ? [] : [[pods[at]?.uid ?? "", each] as const])),
      );
      const progress = advanced(before, target, { at: now(), reading });
      known.set(uid, progress);
      return shown(template, progress);
    },
    forget: (uid: string) => void known.delete(uid),
  };
}

const shown = (template: string, progress: Progress | undefined): MetricsResult => ({
  template,
  passed: progress?.passed ?? false,
  ...(progress?.problem === undefined ? {} : { problem: progress.problem }),
  ...(progress?.waits === undefined ? {} : { waits: progress.waits }),
});
