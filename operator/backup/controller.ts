import { type CachedBackup, outcomeOf } from "../deployment/backup/cached-backup.ts";
import { Cluster } from "../deployment/cache/cluster.ts";
import { adoptionAnnotation, fieldManager, managedByLabel } from "../deployment/names.ts";
import type { Settings } from "../deployment/settings.ts";
import { Applier } from "../runtime/applier.ts";
import type { ObjectKey } from "../runtime/controller.ts";
import type { Manager, ManagerParts } from "../runtime/manager.ts";
import { changesOf, type Source } from "../runtime/sources.ts";
import type { Stored } from "../runtime/store.ts";
import { attemptDefinition, jobDefinition } from "./attempts.ts";
import { createBackupMetrics } from "./metrics.ts";
import type { BackupParts } from "./parts.ts";
import { reconcileBackup } from "./reconcile.ts";
import { reconcileSchedule } from "./scheduled.ts";

type Parts = Pick<ManagerParts, "client" | "clock" | "logger" | "metrics" | "events"> & {
  readonly settings: Settings;
  readonly claimant?: ((namespace: string) => string | undefined) | undefined;
};

/** Changes come in bursts. */
const settleMs = 50;
const longestBackoffMs = 60_000;

/** Adds the controllers of CCTelegramBackup and of the schedules to a manager; they share the watches of the deployments' controller. */
export function addBackupControllers(manager: Manager, parts: Parts) {
  const { client, clock, logger, metrics, events, settings, claimant } = parts;
  const cluster = new Cluster(manager);
  const jobs = manager.informer(jobDefinition);
  const attempts = manager.informer(attemptDefinition);
  const applier = new Applier({
    ...{ client, fieldManager, adoptionAnnotation, logger, metrics },
    managedLabel: managedByLabel,
    onWritten: (type, object) => cluster.observe(type, object),
  });
  const backupMetrics = createBackupMetrics(metrics.registry);
  const all: BackupParts = {
    ...{ cluster, jobs, attempts, client, applier, events, settings, fieldManager, backupMetrics, claimant },
    written: new Map(),
    now: clock.now,
  };
  const backups = manager.add({
    name: "cctelegrambackup",
    // One at a time: of two that start together each would see that no other runs.
    concurrency: 1,
    longestBackoffMs,
    sources: sourcesOf(all),
    reconcile: (key) => reconcileBackup(all, key),
  });
  const schedules = manager.add({
    name: "cctelegrambackup-schedule",
    concurrency: 1,
    longestBackoffMs,
    sources: [
      changesOf(cluster.informers.resources, { keys: itself, settleMs, initialIsLow: true }),
      changesOf(cluster.informers.backups, { keys: deploymentOf, settleMs }),
    ],
    reconcile: (key) => reconcileSchedule(all, key),
  });
  return {
    /** Another operator claimed the namespace, or released it. */
    reconsider: (namespace: string) => {
      for (const backup of cluster.informers.backups.store.list(namespace)) backups.enqueue(backup);
      for (const resource of cluster.resources.list(namespace)) schedules.enqueue(resource);
    },
  };
}

function sourcesOf({ cluster, jobs, attempts }: BackupParts): readonly Source[] {
  const { backups, resources, foreignSecrets } = cluster.informers;
  const waiting = (candidates: readonly CachedBackup[]) =>
    candidates.filter((backup) => outcomeOf(backup) === undefined);
  const ofDeployment = (namespace: string, name: string) => waiting(cluster.backupsOf(namespace, name));
  return [
    changesOf(backups, { keys: itself, ignoresDeletion: true, initialIsLow: true }),
    changesOf(jobs, { keys: ({ namespace, deployment }) => ofDeployment(namespace, deployment), settleMs }),
    changesOf(attempts, { keys: ({ namespace, backup: name }) => [{ namespace, name }], settleMs }),
    changesOf(resources, { keys: ({ namespace, name }) => ofDeployment(namespace, name), settleMs }),
    changesOf(foreignSecrets, { keys: ({ namespace }) => waiting(backups.store.list(namespace)), settleMs }),
  ];
}

const itself = ({ namespace, name }: Stored): readonly ObjectKey[] => [{ namespace, name }];

const deploymentOf = ({ namespace, spec }: CachedBackup): readonly ObjectKey[] => [
  { namespace, name: spec.deploymentName },
];
