import type { Revision } from "../../api/rollout.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Check } from "../status/check.ts";
import { deploymentOf, revisionName } from "./tracks.ts";

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

/** The pods that clients reach serve on, but not as the strategy says. */
export const moveIsOverdue: Check = ({ rollout, resource }) => {
  const { problem } = rollout?.moving ?? {};
  if (problem === undefined) return undefined;
  const { strategy } = resource.spec.rollout;
  const other = strategy === "BlueGreen" ? "RollingUpdate" : "BlueGreen";
  return {
    reason: "StrategyChangeOverdue",
    message: `servers cannot move to those of rollout.strategy ${strategy}: ${problem}. Clients stay with the present ones; remove what keeps the new pods up, or set strategy ${other} again`,
  };
};

/** Outcomes of revisions that did not fail. */
const unfailed: ReadonlySet<string> = new Set(["Active", "Previous", "Superseded"]);

/** A Deployment stays as it is, because nobody knows any more what its pods should be. */
export const revisionIsLost: Check = ({ lostRevision, rollout, resource }) => {
  if (lostRevision === undefined) return undefined;
  const { revision, template, track } = lostRevision;
  const others = (rollout?.revisions ?? [])
    .filter((each) => each.revision !== revision && unfailed.has(each.outcome))
    .map((each) => each.revision);
  const undo = others.length === 0 ? "" : `, or go to a former one (${others.join(", ")}) by cctelegram.io/undo`;
  return {
    reason: "RevisionLost",
    message:
      `revision ${revision} should run, but its template is gone: ControllerRevision ${revisionName(resource.name, template)} was deleted. ` +
      `Deployment ${deploymentOf(resource.name, track)} stays as it is: change the spec to a version that works${undo}`,
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
export function waitsForBackup({ upgradeBackup }: Snapshot): string | undefined {
  if (upgradeBackup?.state !== "Running") return undefined;
  const { name, message } = upgradeBackup;
  return `the upgrade waits for CCTelegramBackup ${name}${message === "" ? "" : ` (${message})`}`;
}

/** A version was tried and waits for a word. */
export function waitsForPromotion({ resource, rollout }: Snapshot): string | undefined {
  const target = rollout?.revisions?.find(({ revision }) => revision === rollout.target);
  const { spec, promote, namespace, name } = resource;
  if (target?.outcome !== "Previewing" || spec.rollout.promotion !== "Manual" || promote === `${target.revision}`)
    return undefined;
  const command = `kubectl -n ${namespace} annotate --overwrite cctd ${name} cctelegram.io/promote=${target.revision}`;
  return `clients reach revision ${rollout?.revision}; revision ${target.revision} (${target.image}) runs beside it, and takes over when it is tried and promoted: ${command}`;
}
