import { isDeepStrictEqual } from "node:util";
import type { ConditionType, DeploymentStatus } from "../../api/status.ts";

/**
 * How long a changed status may wait at most before it is written. Changes that people and tools wait for are written at once; pods
 * that become ready one by one are written together, with Ready.
 */
export function settlingMs(before: DeploymentStatus, after: DeploymentStatus): number {
  if (before.observedGeneration !== after.observedGeneration) return 300;
  if (isAwaited(before, after)) return 0;
  const turned = (type: ConditionType) => stateOf(before, type) !== stateOf(after, type);
  const moving = stateOf(after, "Progressing") === "True";
  if (rolloutTurned(before, after) || atOnce.some(turned) || waitOf(before) !== waitOf(after)) return 0;
  if (turned("Ready")) return moving && isReady(after) ? 10_000 : 0;
  if (ofTheirOwn.some(turned) || messageOf(before, "Degraded") !== messageOf(after, "Degraded")) return 2_000;
  const ofBridge = (["Receiving", "Delivering"] as const).filter(turned);
  if (ofBridge.some((type) => isKnown(before, type) || !moving)) return 2_000;
  if (ofBridge.length > 0) return 10_000;
  if (!moving) return 10_000;
  // Pods were created and none can be used yet: the write when they become ready, or fail, includes this.
  const onlyReplicas = isDeepStrictEqual({ ...after, replicas: before.replicas }, before);
  return onlyReplicas && !isReady(after) ? 600_000 : 60_000;
}

const atOnce: readonly ConditionType[] = ["Degraded", "Stalled", "Paused", "Hibernated", "ImageAccepted"];
/** They turn seldom, and not together with others. */
const ofTheirOwn: readonly ConditionType[] = ["Exposed", "Restored", "BackupSucceeded"];
/** A pod is replaced when this is written, or somebody looks for what would change. */
const isAwaited = (before: DeploymentStatus, after: DeploymentStatus) =>
  !isDeepStrictEqual(before.podReplacements, after.podReplacements) || !isDeepStrictEqual(before.dryRun, after.dryRun);

/**
 * The status of a condition; for Degraded and Stalled with the reason, for Ready with the generation, because
 * `kubectl wait` checks it.
 */
function stateOf(status: DeploymentStatus, type: ConditionType): string | undefined {
  const condition = status.conditions?.find((condition) => condition.type === type);
  if (type === "Degraded" || type === "Stalled") return `${condition?.status}/${condition?.reason}`;
  return type === "Ready" ? `${condition?.status}/${condition?.observedGeneration}` : condition?.status;
}

/** The first revision becomes good together with Ready; later ones are what people wait for. */
const rolloutTurned = ({ rollout: before }: DeploymentStatus, { rollout: after }: DeploymentStatus) =>
  before?.revision !== undefined && !isDeepStrictEqual(before, after);

/** For what a rollout waits: a person, a backup, or a window. */
const waitOf = ({ conditions }: DeploymentStatus) =>
  conditions?.find(({ type, reason }) => type === "Progressing" && reason.startsWith("WaitingFor"))?.reason;

const messageOf = (status: DeploymentStatus, type: ConditionType) =>
  status.conditions?.find((condition) => condition.type === type)?.message;

/** The bridge may be the first pod that is up: what it says first is written with the other pods. */
const isKnown = (status: DeploymentStatus, type: ConditionType) => (stateOf(status, type) ?? "Unknown") !== "Unknown";

const isReady = (status: DeploymentStatus) => stateOf(status, "Ready")?.startsWith("True") === true;
