import type { BackupStatus } from "../api/backup.ts";
import type { Cluster } from "../deployment/cache/cluster.ts";
import type { Settings } from "../deployment/settings.ts";
import type { Applier } from "../runtime/applier.ts";
import type { Client } from "../runtime/client.ts";
import type { EventRecorder } from "../runtime/event-recorder.ts";
import type { Informer } from "../runtime/informer.ts";
import type { CachedAttempt, CachedJob } from "./attempts.ts";
import type { BackupMetrics } from "./metrics.ts";

/** A status, and the version of the object onto which it was written. */
type WrittenStatus = { readonly onto: string; readonly status: BackupStatus };

/** What the reconciles of backups work with. */
export type BackupParts = {
  readonly cluster: Cluster;
  readonly jobs: Informer<CachedJob>;
  readonly attempts: Informer<CachedAttempt>;
  readonly client: Client;
  readonly applier: Applier;
  readonly events: EventRecorder;
  readonly settings: Settings;
  readonly fieldManager: string;
  readonly backupMetrics: BackupMetrics;
  /** Own writes that the watch may not have brought yet, by uid. */
  readonly written: Map<string, WrittenStatus>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The other operator, if any, that serves only this namespace. */
  readonly claimant?: ((namespace: string) => string | undefined) | undefined;
};
