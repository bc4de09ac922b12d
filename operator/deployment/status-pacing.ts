import type { DeploymentStatus } from "../api/status.ts";

/**
 * How long a changed status has to wait before it is written. What people and tools wait for goes out at once; pods
 * that come up one by one are told in one write.
 */
export function settlingMs(before: DeploymentStatus, after: DeploymentStatus): number {
  if (before.observedGeneration !== after.observedGeneration) return 300;
  const turned = ["Ready", "Degraded", "Paused"].some((type) => stateOf(before, type) !== stateOf(after, type));
  return turned ? 0 : 10_000;
}

/** A condition's status; of Degraded also the reason, because another problem is news. */
function stateOf(status: DeploymentStatus, type: string): string | undefined {
  const condition = status.conditions?.find((condition) => condition.type === type);
  return type === "Degraded" ? `${condition?.status}/${condition?.reason}` : condition?.status;
}
