import type { RestoreVariable } from "../../../contract/backup.ts";
import { bridgeResources } from "../../api/sizing.ts";
import type { RestorePlan } from "../backup/restore-plan.ts";
import type { Blueprint } from "../blueprint.ts";
import { storeAccess, storeVariables } from "./backup-store.ts";
import { containerSecurity, paths, secretVolume } from "./pod.ts";

/** Fills an empty volume before the bridge starts; with data in it, it does nothing, or refuses. */
export function restoring(blueprint: Blueprint) {
  const { restore, image, spec } = blueprint;
  if (restore === undefined) return {};
  const { mounts } = storeAccess(restore.target, { readOnly: true });
  const init = {
    name: restoreContainer,
    image,
    imagePullPolicy: spec.images.pullPolicy,
    args: ["restore"],
    env: Object.entries(environment(restore, spec)).map(([name, value]) => ({ name, value })),
    resources: bridgeResources(spec),
    volumeMounts: [
      { name: "queue", mountPath: paths.data },
      ...mounts,
      ...(restore.identity ? [{ name: "backup-identity", mountPath: paths.backupIdentity, readOnly: true }] : []),
    ],
    securityContext: containerSecurity,
  };
  return { initContainers: [init] };
}

function environment(
  { source, target, identity }: RestorePlan,
  spec: Blueprint["spec"],
): Partial<Record<RestoreVariable, string>> {
  return {
    RESTORE_SOURCE: source,
    DATA_DIR: paths.data,
    ...storeVariables(target, spec),
    ...(identity ? { RESTORE_IDENTITY_FILE: `${paths.backupIdentity}/identity` } : {}),
  };
}

export function restoreVolumes({ restore }: Blueprint) {
  if (restore === undefined) return [];
  const { target, identity } = restore;
  return [
    ...storeAccess(target, { readOnly: true }).volumes,
    ...(identity ? [secretVolume("backup-identity", identity.name, [{ key: identity.key, path: "identity" }])] : []),
  ];
}

/** Its name in the bridge's pod. */
export const restoreContainer = "restore";
