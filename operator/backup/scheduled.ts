import { backupFactsOf, isResting, longestWaitMs, scheduleOf } from "../deployment/backup/facts.ts";
import { dueRun, scheduledName, scheduleProblem } from "../deployment/backup/schedule.ts";
import type { CachedResource } from "../deployment/cache/cached-objects.ts";
import { managedByLabel, scheduledLabel } from "../deployment/names.ts";
import { cctelegramBackups } from "../deployment/resource-types.ts";
import { isConflict } from "../runtime/api-error.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import { apiVersionOf, resourcePath } from "../runtime/resource-type.ts";
import type { BackupParts } from "./parts.ts";
import { expiredBackups } from "./retention.ts";

/** Makes the backup that a resource's schedule asks for, and deletes those whose time has passed. */
export async function reconcileSchedule(parts: BackupParts, { namespace, name }: ObjectKey): Promise<Result> {
  const { cluster } = parts;
  const resource = cluster.resources.get(namespace, name);
  const isOurs = resource !== undefined && !resource.deleting && parts.claimant?.(namespace) === undefined;
  report(parts, isOurs ? resource : undefined, { namespace, name });
  if (!isOurs || resource.spec.backup === undefined || !cluster.informers.backups.present) return {};
  const run = runOf(parts, resource);
  if (run !== undefined) await createBackup(parts, resource, run);
  const failures = await prune(parts, resource);
  return { ...lookAgain(parts, resource), failures };
}

/** The run for which there is no backup yet. */
function runOf({ cluster, now }: BackupParts, resource: CachedResource): number | undefined {
  const schedule = scheduleOf(resource);
  const { nextScheduledTime } = resource.status.backup ?? {};
  if (schedule === undefined || nextScheduledTime === undefined || isResting(resource)) return undefined;
  if (scheduleProblem(schedule) !== undefined) return undefined;
  const run = dueRun(schedule, Date.parse(nextScheduledTime), now());
  if (run === undefined) return undefined;
  const known = cluster.informers.backups.store.get(resource.namespace, scheduledName(resource.name, run));
  return known === undefined ? run : undefined;
}

/** With everything that it needs to be found later, when the resource has changed or is gone. */
async function createBackup({ client, fieldManager }: BackupParts, resource: CachedResource, run: number) {
  const { namespace, name, spec } = resource;
  const { target, content, encryption, verify } = spec.backup ?? {};
  const body = {
    apiVersion: apiVersionOf(cctelegramBackups),
    kind: cctelegramBackups.kind,
    metadata: { name: scheduledName(name, run), labels: { ...managedByLabel, [scheduledLabel]: name } },
    spec: { deploymentName: name, target, content, ...(encryption ? { encryption } : {}), verify },
  };
  try {
    const path = resourcePath(cctelegramBackups, { namespace });
    // Not observed: whoever makes the backup learns of it from the watch.
    await client.request({ method: "POST", path, query: { fieldManager }, body });
  } catch (error) {
    // Another operator, or this one before it crashed, has made it.
    if (!isConflict(error)) throw error;
  }
}

async function prune({ cluster, client, now }: BackupParts, resource: CachedResource): Promise<unknown[]> {
  const { namespace, name, spec } = resource;
  const retention = spec.backup?.retention ?? { days: 30 };
  const isReferred = (backup: { name: string }) =>
    cluster.resources.byIndex("restore", `${namespace}/${backup.name}`).length > 0;
  const expired = expiredBackups(name, cluster.backupsOf(namespace, name), { retention, isReferred, now: now() });
  const outcomes = await Promise.allSettled(
    expired.map(({ name: one, uid }) => client.delete(cctelegramBackups, namespace, one, { uid })),
  );
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
}

/** At the next run; one that is due and made is recorded in the status soon, which brings it here again. */
function lookAgain({ cluster, now }: BackupParts, resource: CachedResource): Result {
  const backups = cluster.backupsOf(resource.namespace, resource.name);
  const { next, lookAgainMs } = backupFactsOf(resource, backups, now()) ?? {};
  const waits = [next === undefined ? undefined : Date.parse(next) - now(), lookAgainMs];
  const ahead = waits.flatMap((ms) => (ms !== undefined && ms > 0 ? [ms] : []));
  return ahead.length === 0 ? {} : { requeueAfterMs: Math.min(...ahead, longestWaitMs) };
}

function report({ cluster, backupMetrics, now }: BackupParts, resource: CachedResource | undefined, key: ObjectKey) {
  const labels = { namespace: key.namespace, cctelegram: key.name };
  const facts = resource && backupFactsOf(resource, cluster.backupsOf(key.namespace, key.name), now());
  if (facts === undefined || resource === undefined || scheduleOf(resource) === undefined) {
    backupMetrics.overdue.remove(labels);
    backupMetrics.lastSuccess.remove(labels);
    return;
  }
  backupMetrics.overdue.set(labels, facts.overdue ? 1 : 0);
  if (facts.last !== undefined) backupMetrics.lastSuccess.set(labels, Date.parse(facts.last.startedAt) / 1000);
}
