import type { BackupResult } from "../../../contract/backup.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";

/** What a backup tells that was stored and verified. */
export const storedBackup = (namespace: string, name: string): BackupResult => ({
  location: `file:///backup/${namespace}/team/${name}.cctb`,
  sizeBytes: 4096,
  sha256: "a".repeat(64),
  schemaVersion: 3,
  durationMs: 1500,
  messages: 2,
  verified: true,
});

/** The status of a backup's pod that has ended, as a kubelet reports it. */
export function endedPod(exitCode: number, words: object): object {
  const terminated = { exitCode, reason: exitCode === 0 ? "Completed" : "Error", message: JSON.stringify(words) };
  const state = {
    terminated: { ...terminated, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:01Z" },
  };
  const status = { name: "backup", image: "", imageID: "", ready: false, restartCount: 0, started: false, state };
  return { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses: [status] };
}

/** The report of a pod that makes a backup: it has succeeded. Undefined for others. */
export function storedBackupReport({ metadata }: KubernetesObject): object | undefined {
  const name = metadata.labels?.["cctelegram.io/backup"];
  return name === undefined ? undefined : endedPod(0, storedBackup(metadata.namespace ?? "", name));
}
