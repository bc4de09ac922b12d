import type { MaintenanceWindow } from "../../api/maintenance.ts";
import type { Snapshot } from "../snapshot.ts";
import { maintenanceAt } from "./windows.ts";

type Waiting = NonNullable<Snapshot["waiting"]>;

/**
 * Which parts wait until when; undefined when none does. What was kept back just before a window opened waits until now:
 * otherwise nobody would look at it again.
 */
export function waitingOf(
  parts: readonly string[],
  windows: readonly MaintenanceWindow[],
  now: number,
): Waiting | undefined {
  if (parts.length === 0) return undefined;
  const maintenance = maintenanceAt(windows, now);
  return { parts, opensAt: maintenance.state === "Open" ? now : maintenance.opensAt };
}

/** In how many ms the window opens for which something waits. A timer cannot wait longer than some weeks. */
export function untilWindow({ waiting }: Pick<Snapshot, "waiting">, now: number): number | undefined {
  return waiting?.opensAt === undefined ? undefined : Math.min(Math.max(waiting.opensAt - now, 1), longestMs);
}

const longestMs = 6 * 3_600_000;

/** What waits, and until when: a fact that stays the same until then. */
export function waitingText({ parts, opensAt }: Waiting): string {
  const until =
    opensAt === undefined
      ? "no window ever comes: correct maintenance.windows"
      : `the next one begins at ${new Date(opensAt).toISOString().replace(".000Z", "Z")}`;
  return `a change that replaces pods waits for a maintenance window (${parts.join(", ")}): ${until}`;
}
