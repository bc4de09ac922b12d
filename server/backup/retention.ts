import { archiveSuffix } from "../../contract/backup.ts";
import type { Stored } from "./stores/archive-store.ts";

export type Retention = {
  /** Older ones are deleted. Absent: none for its age. */
  readonly days?: number | undefined;
  /** Of the rest, so many are kept, the newest first. Absent: all. */
  readonly count?: number | undefined;
};

const DAY_MS = 24 * 3_600_000;

/** The archives that are kept no longer. The one that was just made is always kept, and counts. */
export function outdated(
  stored: readonly Stored[],
  made: string,
  { days = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY }: Retention,
  now: number,
): readonly string[] {
  const others = stored.filter(({ key }) => key.endsWith(archiveSuffix) && key !== made);
  const newestFirst = others.sort((a, b) => b.changedAt - a.changedAt);
  const expired = ({ changedAt }: Stored, index: number) => now - changedAt > days * DAY_MS || index >= count - 1;
  return newestFirst.filter(expired).map(({ key }) => key);
}
