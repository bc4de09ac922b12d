import { interned } from "../../runtime/interned.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";

/** What a scaler says of itself. Its messages are left out: they have numbers and names of pods. */
export type ScalingState = {
  readonly works: boolean;
  /** In one word. */
  readonly reason: string;
  /** Names of the metrics of which it got no number, without those of CPU and memory. */
  readonly lacks: readonly string[];
};

type Told = { readonly scaling?: ScalingState };

type Metric = {
  readonly pods?: { readonly metric: { readonly name: string } };
  readonly object?: { readonly metric: { readonly name: string } };
};

type Status = {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  readonly currentMetrics?: readonly Metric[] | null;
};

/** It goes on with the metrics that it gets: one that is missing shows only among the current ones. */
export function autoscalerState(object: KubernetesObject): Told {
  const { metrics = [] } = (object.spec ?? {}) as { readonly metrics?: readonly Metric[] };
  const current = new Set(((object.status ?? {}) as Status).currentMetrics?.flatMap(nameOf));
  const lacks = metrics.flatMap(nameOf).filter((name) => !current.has(name));
  return told(object, "ScalingActive", lacks);
}

export const scaledObjectState = (object: KubernetesObject): Told => told(object, "Ready", []);

const nameOf = ({ pods, object }: Metric): string[] => {
  const name = (pods ?? object)?.metric.name;
  return name === undefined ? [] : [interned(name)];
};

function told({ status }: KubernetesObject, type: string, lacks: readonly string[]): Told {
  const found = ((status ?? {}) as Status).conditions?.find((condition) => condition.type === type);
  if (found === undefined || found.status === "Unknown") return {};
  return { scaling: { works: found.status === "True", reason: interned(found.reason ?? ""), lacks } };
}
