import { Cron } from "croner";

/** When backups are made, as a resource says it. */
export type Schedule = { readonly schedule: string; readonly timeZone: string };

const cron = ({ schedule, timeZone }: Schedule) =>
  new Cron(schedule, { timezone: timeZone, mode: "5-part", paused: true });

/** What is wrong with a schedule, which no schema can tell; undefined when it can be used. */
export function scheduleProblem(schedule: Schedule): string | undefined {
  try {
    if (cron(schedule).nextRun(new Date(0)) === null) return `the schedule ${schedule.schedule} never comes`;
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    return /timezone/i.test(message) ? `there is no time zone ${schedule.timeZone}` : message;
  }
}

/** The first run after a time, both in ms since the epoch. */
export const runAfter = (schedule: Schedule, time: number): number | undefined =>
  cron(schedule).nextRun(new Date(time))?.getTime();

/** The last run until a time, this included. */
export function runUntil(schedule: Schedule, time: number): number | undefined {
  const [last] = cron(schedule).previousRuns(1, new Date(Math.floor(time / 1000) * 1000 + 1000));
  return last?.getTime();
}

/**
 * The run that comes next. One that was recorded stays, also when it is past, until there is a backup of it: so that nobody's
 * outage loses it. A changed schedule begins with its next run.
 */
export function plannedRun(
  schedule: Schedule,
  {
    recorded,
    latest,
    now,
  }: { readonly recorded?: number | undefined; readonly latest?: number | undefined; readonly now: number },
): number | undefined {
  const next = runAfter(schedule, now);
  const isMade = recorded === undefined || (latest !== undefined && latest >= recorded);
  if (isMade || runUntil(schedule, recorded) !== recorded) return next;
  // A clock that was ahead has recorded a run that is none yet: those before it would be lost.
  return next === undefined ? recorded : Math.min(recorded, next);
}

/** The run for which a backup has to be made now; several that were missed are one. */
export function dueRun(schedule: Schedule, recorded: number | undefined, now: number): number | undefined {
  if (recorded === undefined || recorded > now || runUntil(schedule, recorded) !== recorded) return undefined;
  return runUntil(schedule, now);
}

/** Named after its run, so that two who make a backup of the same run make one. */
export const scheduledName = (resource: string, run: number): string =>
  `${resource}-${new Date(run).toISOString().replace(/\D/g, "").slice(0, 12)}`;

/** The run of a backup's name, in ms since the epoch. */
export function runOfName(name: string): number | undefined {
  const digits = /-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(name);
  if (digits === null) return undefined;
  const [, year, month, day, hour, minute] = digits;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
  return Number.isNaN(time) ? undefined : time;
}
