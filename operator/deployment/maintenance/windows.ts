import { Cron } from "croner";
import type { MaintenanceWindow } from "../../api/maintenance.ts";

/** Whether pods may be replaced now. */
export type Maintenance =
  /** There are no windows, or one is open. */
  | { readonly state: "Open" }
  /** `opensAt`: milliseconds since the epoch; undefined when no window ever comes. */
  | { readonly state: "Closed"; readonly opensAt: number | undefined };

/** A pure function of the time: `now` in milliseconds since the epoch. A window whose schedule is none never opens. */
export function maintenanceAt(windows: readonly MaintenanceWindow[], now: number): Maintenance {
  if (windows.length === 0) return { state: "Open" };
  const begins = (window: MaintenanceWindow, after: number) => nextBegin(window, after) ?? Number.POSITIVE_INFINITY;
  const isOpen = windows.some((window) => begins(window, now - window.durationMinutes * 60_000) <= now);
  if (isOpen) return { state: "Open" };
  const opensAt = Math.min(...windows.map((window) => begins(window, now)));
  return { state: "Closed", opensAt: Number.isFinite(opensAt) ? opensAt : undefined };
}

/** The schedules that never come, such as that of a range from a later to an earlier hour, or of 31 February. */
export const emptySchedules = (windows: readonly MaintenanceWindow[], now: number): readonly string[] =>
  windows.filter((window) => nextBegin(window, now) === undefined).map(({ schedule }) => schedule);

/** The first begin after a time. */
function nextBegin({ schedule, timeZone = "UTC" }: MaintenanceWindow, after: number): number | undefined {
  try {
    return new Cron(schedule, { timezone: timeZone, mode: "5-part" }).nextRun(new Date(after))?.getTime();
  } catch {
    return undefined;
  }
}
