import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";

/** What a scaler says of itself: whether it can work, and else in one word why not. */
export type ScalingState = { readonly works: boolean; readonly reason: string };

type Told = { readonly scaling?: ScalingState };

type Conditions = {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
};

/** Messages are left out: they have numbers and names of pods. */
function told({ status }: KubernetesObject, type: string): Told {
  const found = ((status ?? {}) as Conditions).conditions?.find((condition) => condition.type === type);
  if (found === undefined || found.status === "Unknown") return {};
  return { scaling: { works: found.status === "True", reason: found.reason ?? "" } };
}

export const autoscalerState = (object: KubernetesObject): Told => told(object, "ScalingActive");

export const scaledObjectState = (object: KubernetesObject): Told => told(object, "Ready");
