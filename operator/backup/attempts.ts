import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { type BackupFailure, type BackupResult, lastWordsOf } from "../../contract/backup.ts";
import { backupLabel, fieldManager, managedBy } from "../deployment/names.ts";
import { type Trouble, troubleOf } from "../deployment/pods/pod-trouble.ts";
import { jobs, pods } from "../deployment/resource-types.ts";
import { type InformerDefinition, storedOf } from "../runtime/informer.ts";
import { controllerOf, type KubernetesObject } from "../runtime/kubernetes-object.ts";
import type { Stored } from "../runtime/store.ts";

/** What is kept of the Job of a backup. */
export type CachedJob = Stored & {
  /** Of the backup that it was made for. */
  readonly controllerUid: string;
  readonly backup: string;
  readonly deployment: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly state: "Running" | "Complete" | "Failed";
  /** Why it failed, as Kubernetes says it. */
  readonly failure: string | undefined;
};

/** What is kept of a pod of such a Job. */
export type CachedAttempt = Stored & {
  readonly backup: string;
  /** Of the Job. */
  readonly controllerUid: string;
  readonly createdAt: string;
  readonly words: BackupResult | BackupFailure | undefined;
  readonly trouble: Trouble | undefined;
};

const backupOf = ({ metadata }: KubernetesObject) => metadata.labels?.[backupLabel] ?? "";
const byBackup = {
  backup: ({ namespace, backup }: { namespace: string; backup: string }) => [`${namespace}/${backup}`],
};

export const jobDefinition: InformerDefinition<CachedJob> = Object.freeze({
  type: jobs,
  labelSelector: `${managedBy}=${fieldManager},${backupLabel}`,
  indexes: {
    ...byBackup,
    deployment: ({ namespace, deployment }: CachedJob) => [`${namespace}/${deployment}`],
  },
  reduce: (object: KubernetesObject) => {
    const conditions = (object as unknown as V1Job).status?.conditions ?? [];
    const has = (wanted: string) => conditions.find(({ type, status }) => type === wanted && status === "True");
    return {
      ...storedOf(object),
      controllerUid: controllerOf(object)?.uid ?? "",
      backup: backupOf(object),
      deployment: object.metadata.labels?.["app.kubernetes.io/instance"] ?? "",
      createdAt: object.metadata.creationTimestamp ?? "",
      state: has("Complete") ? "Complete" : has("Failed") ? "Failed" : "Running",
      failure: has("Failed")?.message,
    } as const;
  },
});

export const attemptDefinition: InformerDefinition<CachedAttempt> = Object.freeze({
  type: pods,
  labelSelector: backupLabel,
  indexes: byBackup,
  reduce: (object: KubernetesObject) => {
    const ended = (object as unknown as V1Pod).status?.containerStatuses?.find(({ name }) => name === "backup")?.state
      ?.terminated;
    return {
      ...storedOf(object),
      backup: backupOf(object),
      controllerUid: controllerOf(object)?.uid ?? "",
      createdAt: object.metadata.creationTimestamp ?? "",
      words: ended && lastWordsOf(ended.message ?? ""),
      trouble: ended ? undefined : troubleOf(object as unknown as V1Pod),
    };
  },
});

/** The last words of the newest pod of the Job that left any. */
export function lastWords(attempts: readonly CachedAttempt[], job: CachedJob): CachedAttempt["words"] {
  return attempts
    .filter(({ controllerUid, words }) => controllerUid === job.uid && words !== undefined)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    .at(-1)?.words;
}
