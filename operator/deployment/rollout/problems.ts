import type { Revision } from "../../api/rollout.ts";
import type { Check } from "../problems.ts";
import type { Snapshot } from "../snapshot.ts";

/** The revision that failed and gave way, while the spec still asks for it. */
export function rolledBack(rollout: Snapshot["rollout"]): Revision | undefined {
  if (rollout?.rejected?.cause !== "RolledBack") return undefined;
  return rollout.revisions?.findLast(({ outcome }) => outcome === "RolledBack");
}

/** Clients reach the last good version, but not what the spec asks for. */
export const wasRolledBack: Check = ({ rollout }) => {
  const failed = rolledBack(rollout);
  if (failed === undefined) return undefined;
  const { revision, image, message } = failed;
  const remedy = "it is tried again when the spec changes, or cctelegram.io/restartedAt";
  const present = `clients reach revision ${rollout?.revision}`;
  return {
    reason: "RolledBack",
    message: `revision ${revision} (${image}) was rolled back: ${message}. ${present}; ${remedy}`,
  };
};

/** An upgrade waits, and will not begin before a person acts. */
export const backupFailed: Check = ({ upgradeBackup, rollout }) => {
  if (upgradeBackup?.state !== "Failed") return undefined;
  const { name, message } = upgradeBackup;
  const remedy = `delete it to try again, or set rollout.beforeUpgrade to Nothing`;
  const present = `clients reach revision ${rollout?.revision}`;
  return {
    reason: "BackupBeforeUpgradeFailed",
    message: `the upgrade waits for CCTelegramBackup ${name}, which failed: ${message}; ${remedy}. ${present}`,
  };
};

/** The backup before an upgrade is being made. */
export const waitsForBackup = ({ upgradeBackup }: Snapshot): string | undefined =>
  upgradeBackup?.state === "Running" ? `the upgrade waits for CCTelegramBackup ${upgradeBackup.name}` : undefined;

/** A version was tried and waits for a word. */
export function waitsForPromotion({ resource, rollout }: Snapshot): string | undefined {
  const target = rollout?.revisions?.find(({ revision }) => revision === rollout.target);
  const { spec, promote, namespace, name } = resource;
  if (target?.outcome !== "Previewing" || spec.rollout.promotion !== "Manual" || promote === `${target.revision}`)
    return undefined;
  const command = `kubectl -n ${namespace} annotate --overwrite cctd ${name} cctelegram.io/promote=${target.revision}`;
  return `clients reach revision ${rollout?.revision}; revision ${target.revision} (${target.image}) runs beside it, and takes over when it is tried and promoted: ${command}`;
}
