import { archiveSuffix } from "../../../contract/backup.ts";
import type { RestoreFrom } from "../../api/backup.ts";
import { secretsOfTarget, targetUrl } from "../desired/backup-store.ts";
import type { CachedBackup } from "./cached-backup.ts";
import type { RestorePlan } from "./restore-plan.ts";

/** What keeps a plan from being made, and what to do. */
export type NoPlan = { readonly reason: string; readonly message: string };

export const isPlan = (plan: RestorePlan | NoPlan): plan is RestorePlan => "source" in plan;

/** Where the archive of `restoreFrom` is. */
export function restorePlanOf(
  { backupName, target, archive, identitySecretRef: identity }: RestoreFrom,
  find: (name: string) => CachedBackup | undefined,
): RestorePlan | NoPlan {
  if (target !== undefined) {
    return { source: `${targetUrl(target)}/${archive}${archiveSuffix}`, target, ...(identity ? { identity } : {}) };
  }
  const backup = find(backupName ?? "");
  if (backup === undefined) {
    const message = `CCTelegramBackup ${backupName}, which restoreFrom names, does not exist: create it, or remove restoreFrom; until then the bridge is left as it is`;
    return { reason: "BackupNotFound", message };
  }
  const { location, target: stored, conditions = [] } = backup.status;
  if (location !== undefined && stored !== undefined) {
    return { source: location, target: stored, ...(identity ? { identity } : {}) };
  }
  const failed = conditions.some(({ type, status }) => type === "Succeeded" && status === "False");
  return failed
    ? { reason: "BackupUnusable", message: `CCTelegramBackup ${backupName} failed: name another one in a new resource` }
    : {
        reason: "BackupNotFinished",
        message: `CCTelegramBackup ${backupName} has not finished: the bridge starts with what is in it`,
      };
}

/** Users' Secrets that the plan of a resource mounts. */
export const secretsOfRestore = ({ target, identitySecretRef }: RestoreFrom): readonly string[] => [
  ...(target === undefined ? [] : secretsOfTarget(target)),
  ...(identitySecretRef === undefined ? [] : [identitySecretRef.name]),
];
