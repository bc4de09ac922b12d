import type { BackupTarget } from "../../api/backup-target.ts";

/** The archive that a bridge starts with, and how its pod gets at it. */
export type RestorePlan = {
  readonly source: string;
  readonly target: BackupTarget;
  readonly identity?: { readonly name: string; readonly key: string } | undefined;
};
