import { type CachedBackup, outcomeOf, startedAt } from "../deployment/backup/cached-backup.ts";
import { runOfName } from "../deployment/backup/schedule.ts";

const dayMs = 86_400_000;

export type Retention = { readonly days: number; readonly count?: number | undefined };

/**
 * Backups of a resource's schedule whose time has passed. The newest good one is kept however old it is, and so is one that a
 * resource starts with. Those that people made are theirs. Failed ones have no archive, and take no good one's place.
 */
export function expiredBackups(
  resource: string,
  backups: readonly CachedBackup[],
  { retention, isReferred, now }: { retention: Retention; isReferred: (backup: CachedBackup) => boolean; now: number },
): CachedBackup[] {
  const ended = backups
    .filter((backup) => backup.scheduledBy === resource && !backup.deleting && outcomeOf(backup) !== undefined)
    .toSorted((a, b) => timeOf(b) - timeOf(a));
  const isGood = (backup: CachedBackup) => outcomeOf(backup)?.succeeded === true;
  const [good, failed] = [ended.filter(isGood), ended.filter((backup) => !isGood(backup))];
  const surplus = new Set([good, failed].flatMap((some) => some.slice(retention.count ?? some.length)));
  return ended.filter((backup) => {
    const isOld = timeOf(backup) < now - retention.days * dayMs;
    return (isOld || surplus.has(backup)) && backup !== good[0] && !isReferred(backup);
  });
}

const timeOf = (backup: CachedBackup) => runOfName(backup.name) ?? startedAt(backup);
