import type { BackupSpec, BackupStatus } from "../../api/backup.ts";
import { type InformerDefinition, storedOf } from "../../runtime/informer.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { Stored } from "../../runtime/store.ts";
import { scheduledLabel } from "../names.ts";
import { cctelegramBackups } from "../resource-types.ts";

/** What is kept of a CCTelegramBackup. */
export type CachedBackup = Stored & {
  readonly generation: number;
  readonly deleting: boolean;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** The resource whose schedule has made it. */
  readonly scheduledBy: string | undefined;
  readonly spec: BackupSpec;
  readonly status: BackupStatus;
};

/** Optional, so that an operator without this CustomResourceDefinition does all its other work. */
export const backupDefinition: InformerDefinition<CachedBackup> = Object.freeze({
  type: cctelegramBackups,
  reduce: cachedBackup,
  indexes: { deployment: ({ namespace, spec }: CachedBackup) => [`${namespace}/${spec.deploymentName}`] },
  optional: true,
});

function cachedBackup(object: KubernetesObject): CachedBackup {
  const { metadata, spec, status } = object;
  return {
    ...storedOf(object),
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    createdAt: metadata.creationTimestamp ?? "",
    scheduledBy: metadata.labels?.[scheduledLabel],
    spec: spec as BackupSpec,
    status: (status ?? {}) as BackupStatus,
  };
}

/** How it ended; undefined while it has not. */
export function outcomeOf({
  status,
}: CachedBackup): { readonly succeeded: boolean; readonly message: string } | undefined {
  if (status.completionTime === undefined) return undefined;
  const ended = status.conditions?.find(({ type }) => type === "Succeeded");
  return { succeeded: ended?.status === "True", message: ended?.message ?? "" };
}

/** What holds it up, or what it does; empty before anybody has looked at it. */
export const presentMessage = ({ status }: CachedBackup): string =>
  status.conditions?.find(({ type }) => type === "Succeeded")?.message ?? "";

/** When it was started, in ms since the epoch: what came later is not in it. */
export const startedAt = ({ status, createdAt }: CachedBackup): number => Date.parse(status.startTime ?? createdAt);
