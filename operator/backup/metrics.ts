import { Gauge, type Registry } from "prom-client";
import { metricNames } from "../../contract/metric-names.ts";

export type BackupMetrics = ReturnType<typeof createBackupMetrics>;

const labelNames = ["namespace", "cctelegram"] as const;

/** What the alert on backups is made of: by the labels of the resource. */
export function createBackupMetrics(registry: Registry) {
  const registers = [registry];
  return {
    overdue: new Gauge({
      name: metricNames.backupOverdue,
      help: "1 while a backup that the resource's schedule asked for has not succeeded for an hour, else 0.",
      labelNames,
      registers,
    }),
    lastSuccess: new Gauge({
      name: "cctelegram_backup_last_success_timestamp_seconds",
      help: "When the resource's newest successful backup was started, in seconds since the epoch.",
      labelNames,
      registers,
    }),
  };
}
