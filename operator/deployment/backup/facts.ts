import type { DeploymentStatus } from "../../api/status.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { type CachedBackup, outcomeOf, startedAt } from "./cached-backup.ts";
import { plannedRun, runOfName, type Schedule, scheduleProblem } from "./schedule.ts";

/** What is known of the backups of a resource. */
export type BackupFacts = {
  /** The newest that succeeded. */
  readonly last: { readonly name: string; readonly startedAt: string } | undefined;
  /** How the newest that has ended did; undefined before the first one. */
  readonly newest: { readonly succeeded: boolean; readonly message: string } | undefined;
  /** RFC 3339. */
  readonly next: string | undefined;
  /** What is wrong with the schedule. */
  readonly problem: string | undefined;
  /** A run of the schedule has had its time, and what was there then is in no backup. */
  readonly overdue: boolean;
  /** In how many ms a run will be overdue unless its backup succeeds. */
  readonly lookAgainMs: number | undefined;
};

/** For so long a backup may wait, be tried again and run. */
const graceMs = 3_600_000;

/** Timers of Node end at 24 days. */
export const longestWaitMs = 86_400_000;

/** The schedule of a resource; undefined without one. */
export function scheduleOf({ spec }: Pick<CachedResource, "spec">): Schedule | undefined {
  const { schedule, timeZone = "UTC" } = spec.backup ?? {};
  return schedule === undefined ? undefined : { schedule, timeZone };
}

/** Whether its schedule rests: somebody wants everything to stay as it is, or nothing to run. */
export const isResting = ({ spec }: Pick<CachedResource, "spec">): boolean =>
  spec.reconciliation !== "Active" || isHibernated(spec);

/** Backups that a schedule has made, with the time of their run. */
const scheduledRuns = (resource: string, backups: readonly CachedBackup[]): number[] =>
  backups.flatMap(({ name, scheduledBy }) => (scheduledBy === resource ? (runOfName(name) ?? []) : []));

/** Undefined for a resource that has no backups and asks for none. */
export function backupFactsOf(
  resource: CachedResource,
  backups: readonly CachedBackup[],
  now: number,
): BackupFacts | undefined {
  const recorded = resource.status.backup;
  if (resource.spec.backup === undefined && backups.length === 0 && recorded === undefined) return undefined;
  const last = lastOf(backups, recorded);
  const schedule = scheduleOf(resource);
  const problem = schedule && scheduleProblem(schedule);
  const runs = scheduledRuns(resource.name, backups);
  const nextRun = schedule && problem === undefined ? next(schedule, runs, recorded, now) : undefined;
  const due = isResting(resource) || schedule === undefined ? undefined : overdue(runs, nextRun, last);
  return {
    last,
    newest: newestOf(backups),
    next: nextRun === undefined ? undefined : new Date(nextRun).toISOString(),
    problem,
    overdue: due !== undefined && due <= now,
    lookAgainMs: due !== undefined && due > now ? Math.min(due - now, longestWaitMs) : undefined,
  };
}

type Recorded = DeploymentStatus["backup"];

function lastOf(backups: readonly CachedBackup[], recorded: Recorded): BackupFacts["last"] {
  const known = backups
    .filter((backup) => outcomeOf(backup)?.succeeded)
    .map((backup) => ({ name: backup.name, startedAt: new Date(startedAt(backup)).toISOString() }));
  const { lastSuccessfulBackup: name, lastSuccessfulTime: time } = recorded ?? {};
  // Its object may have been deleted since.
  if (name !== undefined && time !== undefined) known.push({ name, startedAt: time });
  return known.reduce<BackupFacts["last"]>(
    (newest, one) => (newest === undefined || one.startedAt > newest.startedAt ? one : newest),
    undefined,
  );
}

function newestOf(backups: readonly CachedBackup[]): BackupFacts["newest"] {
  const ended = backups.filter((backup) => outcomeOf(backup) !== undefined);
  const newest = ended.toSorted((a, b) => startedAt(a) - startedAt(b)).at(-1);
  return newest && outcomeOf(newest);
}

function next(schedule: Schedule, runs: readonly number[], recorded: Recorded, now: number): number | undefined {
  const time = recorded?.nextScheduledTime;
  // One that a clock ahead has made early is not of the runs until then.
  const past = runs.filter((run) => run <= now);
  const latest = past.length === 0 ? undefined : Math.max(...past);
  return plannedRun(schedule, { recorded: time === undefined ? undefined : Date.parse(time), latest, now });
}

/** When the oldest run that no backup covers has had its time. */
function overdue(runs: readonly number[], nextRun: number | undefined, last: BackupFacts["last"]): number | undefined {
  const covered = last === undefined ? Number.NEGATIVE_INFINITY : Date.parse(last.startedAt);
  const open = [...runs, ...(nextRun === undefined ? [] : [nextRun])].filter((run) => run > covered);
  return open.length === 0 ? undefined : Math.min(...open) + graceMs;
}
