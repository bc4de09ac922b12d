import { serverScaling } from "../../api/sizing.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { namesOf } from "../names.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { deployments, horizontalPodAutoscalers, scaledObjects } from "../resource-types.ts";
import { servingDeployment } from "../rollout/tracks.ts";
import type { ScalingState } from "./state.ts";

/** Who scales the servers. */
export type ScalingSnapshot = {
  /** Undefined before the scaler has said anything. */
  readonly state: ScalingState | undefined;
  /** Name of a HorizontalPodAutoscaler that is not ours. */
  readonly other: string | undefined;
  /** KEDA is installed. */
  readonly hasScaledObject: boolean;
};

export function scalingOf(resource: CachedResource, cluster: Cluster): ScalingSnapshot {
  const { namespace, name, spec } = resource;
  const type = spec.server.autoscaling.provider === "KEDA" ? scaledObjects : horizontalPodAutoscalers;
  return {
    state: ownChild(cluster, resource, type, namesOf(name).server)?.state.scaling,
    other: cluster.otherAutoscaler(namespace, name)?.name,
    hasScaledObject: cluster.has(scaledObjects),
  };
}

/** An autoscaler sets the number of pods of the Deployment, ours or another; one that scales the resource sets `server.replicas`. */
const isScaled = ({ namespace, name, spec }: CachedResource, cluster: Cluster): boolean =>
  serverScaling(spec).autoscaled || cluster.otherAutoscaler(namespace, name)?.isDirect === true;

/**
 * An autoscaler owns the replicas. We write them once, at creation, and repeat the current number as long as nobody has
 * changed it: leaving the field out would remove it, and the server would set it to 1.
 */
export function serverReplicas(resource: CachedResource, cluster: Cluster): number | undefined {
  if (isHibernated(resource.spec)) return 0;
  const { min } = serverScaling(resource.spec);
  const live = ownChild(cluster, resource, deployments, servingDeployment(resource.name, resource.status.rollout))
    ?.state.workload;
  if (!live || !isScaled(resource, cluster)) return min;
  if (!live.ownsReplicas) return undefined;
  // Our own 0, of a hibernation or of server.replicas, would switch the autoscaler off.
  return live.replicas === 0 ? min : live.replicas;
}
