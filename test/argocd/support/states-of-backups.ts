import { cctelegramBackups } from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf } from "../../../operator/runtime/resource-type.ts";
import { running } from "../../operator/deployment/support/kubelet.ts";
import type { World } from "../../operator/deployment/support/world.ts";
import type { State } from "./states.ts";
import { start, until } from "./steps.ts";
import { isBridge } from "./troubles.ts";

const nightly = { restoreFrom: { backupName: "nightly" } };
const time = "2026-01-01T00:00:00Z";

/** A backup whose own deployment is gone, so that it never ends by itself. */
const createBackup = (world: World) =>
  world.post(cctelegramBackups, {
    ...{ apiVersion: apiVersionOf(cctelegramBackups), kind: cctelegramBackups.kind },
    ...{ metadata: { name: "nightly" }, spec: { deploymentName: "gone" } },
  });

/** A bridge whose volume cannot be filled. */
function refusing(pod: KubernetesObject): object | undefined {
  if (!isBridge(pod)) return running(pod);
  const message = JSON.stringify({ code: "BACKUP_BROKEN", message: "It is damaged. Nothing was restored." });
  const terminated = { exitCode: 1, message, startedAt: time, finishedAt: time };
  const state = { waiting: { reason: "CrashLoopBackOff" } };
  const init = { name: "restore", image: "", imageID: "", ready: false, restartCount: 3, state };
  return { phase: "Pending", initContainerStatuses: [{ ...init, lastState: { terminated } }] };
}

/** What becomes of a resource that starts with a backup. */
export const backupStates: readonly State[] = [
  {
    name: "backup_not_found",
    ready: "BackupNotFound",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await start(world, nightly);
      await until(world, "Stalled", { status: "True", reason: "BackupNotFound" });
      await until(world, "Ready", { status: "False", reason: "BackupNotFound" });
    },
  },
  {
    name: "backup_not_finished",
    ready: "BackupNotFinished",
    argo: "Progressing",
    kstatus: "InProgress",
    bringAbout: async (world) => {
      await createBackup(world);
      await start(world, nightly);
      await until(world, "Reconciling", { status: "True" });
      await until(world, "Ready", { status: "False", reason: "BackupNotFinished" });
    },
  },
  {
    name: "backup_unusable",
    ready: "BackupUnusable",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await createBackup(world);
      const failed = { type: "Succeeded", status: "False", reason: "BackupFailed", message: "there is no room" };
      const status = { completionTime: time, conditions: [{ ...failed, lastTransitionTime: time }] };
      await world.patch(cctelegramBackups, "nightly", { status }, "status");
      await start(world, nightly);
      await until(world, "Stalled", { status: "True", reason: "BackupUnusable" });
      await until(world, "Ready", { status: "False", reason: "BackupUnusable" });
    },
  },
  {
    name: "restore_refused",
    ready: "RestoreRefused",
    argo: "Degraded",
    kstatus: "Failed",
    bringAbout: async (world) => {
      await world.kubelet.report(refusing);
      const target = { type: "Volume", volume: { claimName: "backups" } };
      await start(world, { restoreFrom: { target, archive: "another/team/nightly" } });
      await until(world, "Stalled", { status: "True", reason: "RestoreRefused" });
      await until(world, "Ready", { status: "False", reason: "RestoreRefused" });
    },
  },
];
