import { serverScaling } from "../../api/sizing.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { namesOf } from "../names.ts";
import { horizontalPodAutoscalers, scaledObjects } from "../resource-types.ts";
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
export const isScaled = ({ namespace, name, spec }: CachedResource, cluster: Cluster): boolean =>
  serverScaling(spec).autoscaled || cluster.otherAutoscaler(namespace, name)?.isDirect === true;
