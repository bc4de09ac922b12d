import { serverScaling } from "../../api/sizing.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { WorkloadState } from "../cache/cached-objects.ts";
import { isHeld } from "../image/acceptance.ts";
import { isHibernated, isStopped } from "../pausing/hibernation.ts";
import { rolledBack } from "../rollout/problems.ts";
import type { Snapshot } from "../snapshot.ts";

/** All desired pods exist, are made from the newest template, and are ready; no older pod is left. */
export const isSettled = (workload: WorkloadState) =>
  workload.observed &&
  workload.updated === workload.replicas &&
  workload.current === workload.replicas &&
  workload.ready === workload.replicas;

/** The spec has been applied and runs. */
export const isRolledOut = (snapshot: Snapshot) => isApplied(snapshot) && movingParts(snapshot).length === 0;

/** The whole spec has been applied, so the state of the workloads refers to this generation. */
const isApplied = ({
  resource,
  refused,
  failed = [],
  forbidden = [],
  missingSecrets,
  tokenSecret,
  server,
  bridge,
  rollout,
  waiting,
  image,
}: Snapshot) =>
  resource.spec.reconciliation === "Active" &&
  refused.length + failed.length + forbidden.length === 0 &&
  waiting === undefined &&
  !(image && isHeld(image)) &&
  server !== undefined &&
  (isHibernated(resource.spec) ||
    (missingSecrets.length === 0 &&
      tokenSecret === "Present" &&
      bridge !== undefined &&
      rolledBack(rollout) === undefined));

/** The parts whose pods are being created or replaced. */
export const movingParts = ({ resource, server, bridge, rollout }: Snapshot) => [
  ...(server && (!isSettled(server) || isUnderWay(resource.spec, rollout)) ? ["MCP server"] : []),
  ...(bridge && !isSettled(bridge) ? ["bridge"] : []),
];

/** A revision is being rolled out, also beside the one that clients reach. */
const isUnderWay = (spec: DeploymentSpec, rollout: Snapshot["rollout"]) =>
  rollout?.revision !== undefined && rollout.target !== undefined && !isStopped(spec);

/** The first revision is not known as good yet: whoever changed the spec now would find nothing to go back to. */
export const isFirstTried = ({ rollout }: Snapshot) => rollout?.revision === undefined && rollout?.target !== undefined;

/** Pods of an older template exist: they will be replaced. */
export const isReplacing = ({ server, bridge }: Snapshot) =>
  [server, bridge].some((workload) => workload !== undefined && workload.updated < workload.current);

/**
 * Enough server pods to answer every call: all desired ones, except one that a node drain may take (disruption
 * budget). Pods that an autoscaler adds are not required.
 */
export function hasEnoughServers({ resource, server }: Snapshot): boolean {
  if (!server) return false;
  const { autoscaled, min } = serverScaling(resource.spec);
  const wanted = autoscaled ? Math.min(server.replicas, min) : server.replicas;
  return server.ready >= Math.max(1, wanted - 1);
}
