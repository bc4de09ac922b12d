import { metricNames } from "../../../../contract/metric-names.ts";
import { serverScaling } from "../../../api/sizing.ts";
import { namesOf } from "../../names.ts";
import type { Snapshot } from "../../snapshot.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** A plain autoscaler on CPU and memory says itself how it is; there is more to say with numbers of our own, with KEDA and with another one. */
export function hasAutoscaling({ resource, scaling }: Snapshot): boolean {
  if (scaling === undefined) return false;
  const { provider, metrics } = resource.spec.server.autoscaling;
  const isMore = provider === "KEDA" || metrics.length > 0;
  return scaling.other !== undefined || (isMore && serverScaling(resource.spec).autoscaled);
}

/** The number of servers follows the load. Not part of Ready: those that are there serve. */
export const autoscaling: Judge = ({ resource, scaling }) => {
  if (scaling === undefined) return undefined;
  const { autoscaled } = serverScaling(resource.spec);
  if (scaling.other !== undefined) return withOther(scaling.other, autoscaled);
  const isKeda = resource.spec.server.autoscaling.provider === "KEDA";
  if (isKeda && !scaling.hasScaledObject)
    return fails(
      "KEDANotInstalled",
      "KEDA is not installed, so nothing scales the servers: install it, or set server.autoscaling.provider to HorizontalPodAutoscaler",
    );
  if (scaling.state === undefined) return undefined;
  const { works, reason, lacks } = scaling.state;
  const missing = lacks.map((name) => typeOf[name] ?? name);
  if (missing.length > 0) return fails("MetricsNotAvailable", adapterIsMissing(missing));
  if (works) return holds("ScalingActive", "the number of servers follows the load");
  if (reason === "FailedGetResourceMetric")
    return fails("MetricsNotAvailable", "CPU and memory of the pods are not measured: install metrics-server");
  const { server } = namesOf(resource.name);
  const object = isKeda ? `scaledobject ${server}` : `hpa ${server}`;
  return fails(
    "ScalerNotWorking",
    `the autoscaler does not work (${reason}): kubectl -n ${resource.namespace} describe ${object}`,
  );
};

/** Two that scale the same pods stop each other (AmbiguousSelector). */
function withOther(other: string, autoscaled: boolean) {
  if (!autoscaled)
    return holds(
      "ScaledByAnother",
      `HorizontalPodAutoscaler ${other} sets the number of servers, and the operator leaves it alone`,
    );
  return fails(
    "AnotherAutoscaler",
    `HorizontalPodAutoscaler ${other} scales the same pods, and then neither does: delete it, or set server.autoscaling.mode to Disabled`,
  );
}

const typeOf: Readonly<Record<string, string>> = {
  [metricNames.callsInFlight]: "CallsInFlight",
  [metricNames.oldestMessageAge]: "QueueAge",
};

const adapterIsMissing = (missing: readonly string[]) =>
  `the autoscaler gets no numbers of ${missing.join(" and ")}: custom.metrics.k8s.io has to serve them, for example by prometheus-adapter with the rules of deploy/prometheus-adapter (docs/scaling.md)`;
