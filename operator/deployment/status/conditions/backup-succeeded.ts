import { fails, holds, type Judge, unknown } from "./judgement.ts";

/** The newest backup is stored, and none that the schedule asked for is missing. */
export const backupSucceeded: Judge = ({ backups }) => {
  if (backups === undefined) return undefined;
  const { problem, newest, overdue } = backups;
  if (problem !== undefined) return fails("ScheduleInvalid", `backup.schedule cannot be used: ${problem}`);
  if (newest?.succeeded === false) return fails("BackupFailed", newest.message);
  if (overdue) {
    const remedy = "see kubectl get cctb, and whether the operator runs";
    return fails("BackupTooOld", `a backup that the schedule asked for has not been made for an hour: ${remedy}`);
  }
  return newest === undefined
    ? unknown("NoBackupYet", "no backup has ended yet")
    : holds("BackupStored", "the newest backup is stored");
};
