import { serverScaling } from "../api/sizing.ts";
import type { WorkloadState } from "./cached-objects.ts";
import type { Snapshot } from "./snapshot.ts";

/** Every pod that is wanted is there, made from the newest template, and ready; none is left of an older one. */
const isSettled = (workload: WorkloadState) =>
  workload.observed &&
  workload.updated === workload.replicas &&
  workload.current === workload.replicas &&
  workload.ready === workload.replicas;

/** What the spec asks for has been written and runs. */
export const isRolledOut = (snapshot: Snapshot) => isApplied(snapshot) && movingParts(snapshot).length === 0;

/** All that the spec asks for has been written, so that the workloads speak of this generation. */
const isApplied = ({
  resource,
  refused,
  failed = [],
  forbidden = [],
  missingSecrets,
  tokenSecret,
  server,
  bridge,
}: Snapshot) =>
  resource.spec.reconciliation === "Active" &&
  refused.length + failed.length + forbidden.length + missingSecrets.length === 0 &&
  tokenSecret === "Present" &&
  server !== undefined &&
  bridge !== undefined;

/** The parts whose pods are being created or replaced. */
export const movingParts = ({ server, bridge }: Snapshot) => [
  ...(server && !isSettled(server) ? ["MCP server"] : []),
  ...(bridge && !isSettled(bridge) ? ["bridge"] : []),
];

/** Pods of an older template are there: their successors have to come yet. */
export const isReplacing = ({ server, bridge }: Snapshot) =>
  [server, bridge].some((workload) => workload !== undefined && workload.updated < workload.current);

/**
 * Enough server pods to answer every call: what is wanted, but for one that a node's drain may take (the disruption
 * budget). What an autoscaler adds on top is no lack.
 */
export function hasEnoughServers({ resource, server }: Snapshot): boolean {
  if (!server) return false;
  const { autoscaled, min } = serverScaling(resource.spec);
  const wanted = autoscaled ? Math.min(server.replicas, min) : server.replicas;
  return server.ready >= Math.max(1, wanted - 1);
}
