import * as z from "zod";
import type { Condition } from "../../operator/api/status.ts";
import { cctelegramBackups } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../operator/runtime/resource-type.ts";
import { nearName } from "../near-name.ts";
import { problems } from "../problems.ts";
import type { Look } from "../waiting.ts";
import type { Api } from "./api.ts";
import { isMissing } from "./refusals.ts";
import { nameOf } from "./resources.ts";

export const backupPath = (namespace: string, name?: string) => resourcePath(cctelegramBackups, { namespace, name });

/** What is read of a CCTelegramBackup. */
export type Backup = KubernetesObject & {
  readonly spec?: { readonly deploymentName?: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly completionTime?: string;
    readonly location?: string;
    readonly sizeBytes?: number;
    readonly sha256?: string;
    readonly verified?: string;
  };
};

export async function backupNamed(api: Api, namespace: string, name: string): Promise<Backup> {
  try {
    return await api.get<Backup>(backupPath(namespace, name));
  } catch (error) {
    if (!isMissing(error)) throw error;
    const names = (await api.list(backupPath(namespace))).map(nameOf);
    throw problems.noBackup(name, nearName(name, names), names);
  }
}

export const newBackup = (name: string, spec: object) => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramBackup",
  metadata: { name },
  spec,
});

/** How far a backup is. */
export function progressOf(backup: Backup): Look<Backup> {
  const conditions = backup.status?.conditions ?? [];
  const [succeeded, stalled] = ["Succeeded", "Stalled"].map((type) =>
    conditions.find((condition) => condition.type === type),
  );
  if (succeeded?.status === "True") return { done: backup };
  const isOver =
    stalled?.status === "True" || (succeeded?.status === "False" && backup.status?.completionTime !== undefined);
  const message = (stalled?.status === "True" ? stalled : succeeded)?.message ?? "the operator has not begun yet";
  return isOver ? { failed: problems.backupFailed(nameOf(backup), message) } : { state: message };
}

/** A time as a part of a name. */
export const stamp = (now: number) =>
  new Date(now)
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, "")
    .replace("T", "-")
    .toLowerCase();

export const resourceManifest = z.looseObject({ spec: z.record(z.string(), z.unknown()) });
