import type { BackupStatus } from "../../../operator/api/backup.ts";
import type { CachedBackup } from "../../../operator/deployment/backup/cached-backup.ts";

export const at = (time: string) => Date.parse(`2026-${time}:00Z`);

type Wish = Partial<Omit<CachedBackup, "status">> & { readonly status?: BackupStatus };

/** A CCTelegramBackup of the resource team. */
export const cachedBackup = (name: string, fields: Wish = {}): CachedBackup => ({
  namespace: "tools",
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  deleting: false,
  createdAt: "2026-11-01T00:00:00Z",
  scheduledBy: undefined,
  spec: { deploymentName: "team" },
  status: {},
  ...fields,
});

/** How it ended, and when it was started. */
export const ended = (
  status: "True" | "False",
  startTime: string,
  message = "the archive is stored",
): BackupStatus => ({
  startTime: `2026-${startTime}:00.000Z`,
  completionTime: `2026-${startTime}:30.000Z`,
  conditions: [
    { type: "Succeeded", status, reason: "Reason", message, lastTransitionTime: `2026-${startTime}:30.000Z` },
  ],
});
