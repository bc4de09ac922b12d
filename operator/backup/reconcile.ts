import { isDeepStrictEqual } from "node:util";
import type { BackupStatus } from "../api/backup.ts";
import { forbiddenIn, forbiddenStore } from "../deployment/allowed.ts";
import { type CachedBackup, outcomeOf } from "../deployment/backup/cached-backup.ts";
import type { CachedResource } from "../deployment/cache/cached-objects.ts";
import { secretsOfTarget } from "../deployment/desired/backup-store.ts";
import { refusedOf } from "../deployment/failures.ts";
import { imageOf } from "../deployment/image/reference.ts";
import { namesOf } from "../deployment/names.ts";
import { cctelegramBackups, jobs, networkPolicies, secrets, statefulSets } from "../deployment/resource-types.ts";
import { isConflict } from "../runtime/api-error.ts";
import type { ObjectKey, Result } from "../runtime/controller.ts";
import { controllerOf } from "../runtime/kubernetes-object.ts";
import { apiVersionOf, resourcePath } from "../runtime/resource-type.ts";
import { type CachedJob, lastWords } from "./attempts.ts";
import { type Facts, type Judgement, judge } from "./judgement.ts";
import { manifestsOf } from "./manifests.ts";
import { type BackupOrder, foundationsOf, jobOf, objectName } from "./objects.ts";
import type { BackupParts } from "./parts.ts";
import { type BackupPlan, backupPlanOf } from "./plan.ts";
import { backupStatusOf } from "./status.ts";

/** What a backup waits for may come without a change that is told. */
const lookAgainMs = 10_000;

/** Makes one backup: its Job once, then its status from how the Job ends. */
export async function reconcileBackup(parts: BackupParts, { namespace, name }: ObjectKey): Promise<Result> {
  const backup = current(parts, parts.cluster.informers.backups.store.get(namespace, name));
  if (backup === undefined || backup.deleting || parts.claimant?.(namespace) !== undefined) return {};
  if (outcomeOf(backup) !== undefined) return { failures: await cleanUp(parts, backup) };

  const deployment = parts.cluster.resources.get(namespace, backup.spec.deploymentName);
  const plan = deployment && backupPlanOf(backup.spec, deployment.spec);
  const found = judge(factsOf(parts, { backup, deployment, plan }));
  const { judgement, failures } =
    found.step === "Start" && deployment !== undefined && plan !== undefined
      ? await start(parts, found, { backup, deployment, plan })
      : { judgement: found, failures: [] };
  const startedAt = jobFor(parts, backup)?.createdAt;
  const now = new Date(parts.now()).toISOString();
  await writeStatus(parts, backup, backupStatusOf(backup, judgement, { now, target: plan?.target, startedAt }));
  const isWaiting = judgement.step === "Wait" || judgement.step === "Refuse";
  return { failures, ...(isWaiting ? { requeueAfterMs: lookAgainMs } : {}) };
}

/**
 * With the status that was written last. It is not put into the cache by hand, because then nobody would be told of it: neither
 * the deployment, nor who waits for this backup.
 */
function current({ written }: BackupParts, backup: CachedBackup | undefined): CachedBackup | undefined {
  const own = backup && written.get(backup.uid);
  if (own === undefined) return backup;
  if (own.onto === backup?.resourceVersion) return { ...backup, status: own.status };
  if (backup) written.delete(backup.uid);
  return backup;
}

type Subject = {
  readonly backup: CachedBackup;
  readonly deployment: CachedResource | undefined;
  readonly plan: BackupPlan | undefined;
};

function factsOf(parts: BackupParts, subject: Subject): Facts {
  const { backup } = subject;
  const { namespace, name, spec } = backup;
  const job = jobFor(parts, backup);
  const attempts = parts.attempts.store.byIndex("backup", `${namespace}/${name}`);
  const others = parts.jobs.store.byIndex("deployment", `${namespace}/${spec.deploymentName}`);
  return {
    isStarted: backup.status.startTime !== undefined,
    job,
    words: job && lastWords(attempts, job),
    trouble: attempts.find(({ controllerUid, trouble }) => controllerUid === job?.uid && trouble)?.trouble,
    missing: missingFor(parts, subject),
    // Also one that is left of a deleted backup with this one's name.
    before: others.find(({ uid, state }) => uid !== job?.uid && state === "Running")?.name,
  };
}

const jobFor = ({ jobs: { store } }: BackupParts, backup: CachedBackup): CachedJob | undefined =>
  store
    .byIndex("backup", `${backup.namespace}/${backup.name}`)
    .find(({ controllerUid }) => controllerUid === backup.uid);

/** What has to be there before a Job can be started. */
function missingFor({ cluster, settings }: BackupParts, { backup, deployment, plan }: Subject): Facts["missing"] {
  const { namespace } = backup;
  const { deploymentName } = backup.spec;
  if (deployment === undefined || deployment.deleting) {
    const remedy = "create it, or delete this backup";
    return {
      reason: "DeploymentNotFound",
      message: `CCTelegramDeployment ${deploymentName} does not exist: ${remedy}`,
    };
  }
  if (plan === undefined) {
    const remedy = `set spec.target in a new backup, or backup.target of ${deploymentName}`;
    return { reason: "TargetMissing", message: `neither this backup nor its deployment names a target: ${remedy}` };
  }
  const forbidden = [...forbiddenIn(deployment.spec, settings), ...forbiddenStore("target", plan.target, settings)];
  if (forbidden.length > 0) return { reason: "NotAllowed", message: forbidden.join("; ") };
  const missing = secretsOfTarget(plan.target).find((name) => cluster.secret(namespace, name) === undefined);
  if (missing !== undefined) {
    return {
      reason: "SecretNotFound",
      message: `Secret ${missing}, which the target names, does not exist: create it`,
    };
  }
  if (cluster.child(statefulSets, namespace, namesOf(deploymentName).bridge) === undefined) {
    return {
      reason: "BridgeNotFound",
      message: `the bridge does not exist yet: see why ${deploymentName} is not Ready`,
    };
  }
  return undefined;
}

type Started = { readonly judgement: Judgement; readonly failures: readonly unknown[] };

/** Its foundations, then the Job. What the API server refuses is told in the status, and tried again. */
async function start(
  parts: BackupParts,
  judgement: Judgement,
  { backup, deployment, plan }: Pick<BackupOrder, "backup" | "deployment" | "plan">,
): Promise<Started> {
  const image = imageFor(parts, deployment);
  const manifests = await manifestsOf(parts.client, deployment, plan);
  const order = { backup, deployment, plan, image, manifests };
  try {
    for (const { type, object } of foundationsOf(order)) {
      const live = parts.cluster.child(type, backup.namespace, object.metadata.name ?? "");
      await parts.applier.apply(type, object, live);
    }
    await createJob(parts, order);
    return { judgement, failures: [] };
  } catch (error) {
    const [message] = error instanceof ForeignJobError ? [error.message] : refusedOf([error]);
    if (message === undefined) throw error;
    return { judgement: { step: "Refuse", reason: "ChildRefused", message }, failures: [error] };
  }
}

/** That of the bridge, which runs: the one that the spec asks for may wait for this very backup, or not exist. */
function imageFor({ cluster, settings }: BackupParts, { namespace, name, spec }: CachedResource): string {
  const bridge = cluster.child(statefulSets, namespace, namesOf(name).bridge);
  return bridge?.state.workload?.image ?? imageOf(spec, settings.serverImage);
}

class ForeignJobError extends Error {
  override readonly name = "ForeignJobError";
}

/** Once: when the answer to an earlier try was lost, its Job is there. */
async function createJob({ client, jobs: informer, fieldManager }: BackupParts, order: BackupOrder): Promise<void> {
  const { object } = jobOf(order);
  const { namespace, uid } = order.backup;
  const path = resourcePath(jobs, { namespace });
  try {
    informer.observe(await client.request({ method: "POST", path, query: { fieldManager }, body: object }));
  } catch (error) {
    if (!isConflict(error)) throw error;
    const name = objectName(order.backup);
    const found = await client.get(resourcePath(jobs, { namespace, name }));
    if (controllerOf(found)?.uid !== uid) {
      const remedy = "delete it, or make a backup of another name";
      throw new ForeignJobError(`another Job has the name ${name}: ${remedy}`);
    }
    informer.observe(found);
  }
}

/** What only its pods needed. The Job stays for a while, for its logs. */
async function cleanUp({ cluster, applier }: BackupParts, backup: CachedBackup): Promise<unknown[]> {
  const ours = [secrets, networkPolicies].flatMap((type) => {
    const object = cluster.child(type, backup.namespace, objectName(backup));
    return object?.controllerUid === backup.uid ? [{ type, object }] : [];
  });
  const outcomes = await Promise.allSettled(ours.map(({ type, object }) => applier.delete(type, object)));
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
}

async function writeStatus(parts: BackupParts, backup: CachedBackup, status: BackupStatus): Promise<void> {
  if (isDeepStrictEqual(status, backup.status)) return;
  const { namespace, name, uid } = backup;
  const api = { apiVersion: apiVersionOf(cctelegramBackups), kind: cctelegramBackups.kind };
  await parts.client.apply(
    cctelegramBackups,
    { ...api, metadata: { namespace, name }, status },
    { fieldManager: parts.fieldManager, subresource: "status", onto: { uid } },
  );
  parts.written.set(uid, { onto: backup.resourceVersion, status });
  announce(parts, backup, status);
}

function announce({ events }: BackupParts, backup: CachedBackup, after: BackupStatus): void {
  const succeeded = (status: BackupStatus) => status.conditions?.find(({ type }) => type === "Succeeded");
  const [before, now] = [succeeded(backup.status), succeeded(after)];
  if (now === undefined || (before?.reason === now.reason && before.status === now.status)) return;
  const isBad =
    now.status === "False" || after.conditions?.some(({ type, status }) => type === "Stalled" && status === "True");
  const { namespace, name, uid } = backup;
  const regarding = { apiVersion: apiVersionOf(cctelegramBackups), kind: cctelegramBackups.kind, namespace, name, uid };
  events.record(regarding, { type: isBad ? "Warning" : "Normal", reason: now.reason, message: now.message });
}
