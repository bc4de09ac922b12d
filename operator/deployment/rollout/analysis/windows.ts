import { between, judged, type Limits, type Reading } from "./judgement.ts";

/** How the analysis of one version stands. */
export type Progress = {
  /** What is analysed: another value begins anew. */
  readonly attempt: string;
  /** When the present window began: milliseconds of any clock. */
  readonly since: number;
  readonly before: Reading;
  /** A whole window was good. */
  readonly passed: boolean;
  readonly problem?: string;
  readonly waits?: string;
};

type Analysis = { readonly attempt: string; readonly durationSeconds: number; readonly limits: Limits };

const tooFew = "fewer calls reach its pods than rollout.analysis.metrics.minCalls asks for";

/**
 * Windows follow each other for as long as a version is analysed; each lasts until its time is over and there are calls enough. What has
 * failed stays so. Pure: it is decided from the reading at the beginning of a window and the present one.
 */
export function advanced(
  known: Progress | undefined,
  { attempt, durationSeconds, limits }: Analysis,
  { at, reading }: { readonly at: number; readonly reading: Reading },
): Progress {
  if (known?.attempt !== attempt) return { attempt, since: at, before: reading, passed: false };
  if (known.problem !== undefined) return known;
  const isOver = at - known.since >= durationSeconds * 1000;
  const verdict = judged(between(known.before, reading), limits, isOver);
  const { attempt: _, since, before, passed } = known;
  if (verdict.state === "Failed") return { attempt, since, before, passed: false, problem: verdict.problem };
  if (verdict.state === "Passed") return { attempt, since: at, before: reading, passed: true };
  return { attempt, since, before, passed, ...(isOver ? { waits: tooFew } : {}) };
}
