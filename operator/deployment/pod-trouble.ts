import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { interned } from "../runtime/interned.ts";
import type { KubernetesObject } from "../runtime/kubernetes-object.ts";
import type { Stored } from "../runtime/store.ts";
import { identity } from "./reduced.ts";

/** Why a pod does not run, in words that stay the same from retry to retry. */
export type Trouble = { readonly reason: string; readonly message: string };

export type CachedPod = Stored & {
  readonly instance: string;
  readonly component: string;
  /** Its container runs, ready or not. */
  readonly running: boolean;
  readonly trouble: Trouble | undefined;
};

export function reducePod(object: KubernetesObject): CachedPod {
  const labels = object.metadata.labels ?? {};
  const pod = object as unknown as V1Pod;
  return {
    ...identity(object),
    instance: interned(labels["app.kubernetes.io/instance"] ?? ""),
    component: interned(labels["app.kubernetes.io/component"] ?? ""),
    running: pod.status?.containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false,
    trouble: object.metadata.deletionTimestamp ? undefined : troubleOf(pod),
  };
}

/** The first thing that a person would have to mend before the pod can run. */
export function troubleOf(pod: V1Pod): Trouble | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.reason === "Unschedulable") return { reason: "Unschedulable", message: scheduled.message ?? "" };
  for (const status of pod.status?.containerStatuses ?? []) {
    const trouble = containerTrouble(status);
    if (trouble) return trouble;
  }
  return undefined;
}

function containerTrouble(status: V1ContainerStatus): Trouble | undefined {
  const waiting = status.state?.waiting;
  if (waiting?.reason && imageReasons.has(waiting.reason)) {
    return {
      reason: "ImagePullFailed",
      message: `the image ${status.image} cannot be pulled: check images.server, version and images.pullSecrets`,
    };
  }
  if (waiting?.reason && configurationReasons.has(waiting.reason)) {
    return { reason: waiting.reason, message: waiting.message ?? "the container cannot be created" };
  }
  const ended = status.lastState?.terminated ?? status.state?.terminated;
  if (status.ready || !ended) return undefined;
  if (ended.reason === "OOMKilled") {
    return {
      reason: "OutOfMemory",
      message: "the container used more memory than its limit: raise resources.limits.memory",
    };
  }
  if (ended.exitCode === 0) return undefined;
  return {
    reason: "CrashLooping",
    message: `the container exits with code ${ended.exitCode}: see kubectl logs --previous`,
  };
}

const imageReasons = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"]);
const configurationReasons = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]);
