import { metricNames } from "../../../contract/metric-names.ts";
import { serverScaling } from "../../api/sizing.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import { canonicalQuantity } from "../../runtime/quantity.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { namesOf } from "../names.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { horizontalPodAutoscalers, scaledObjects } from "../resource-types.ts";
import { deploymentOf } from "../rollout/tracks.ts";

type Metric = DeploymentSpec["server"]["autoscaling"]["metrics"][number];

/** What scales the servers; nothing while their number is fixed. */
export function autoscalers(blueprint: Blueprint): readonly Child[] {
  if (!serverScaling(blueprint.spec).autoscaled || isHibernated(blueprint.spec)) return [];
  if (blueprint.spec.server.autoscaling.provider === "HorizontalPodAutoscaler") return [serverAutoscaler(blueprint)];
  return blueprint.hasScaledObject ? [scaledObject(blueprint)] : [];
}

/** The HPA of the Enterprise Deployment Guide: slow to scale down (10% a minute, after 5 minutes), fast to scale up (50% a minute). */
function serverAutoscaler(blueprint: Blueprint): Child {
  const { min, max } = serverScaling(blueprint.spec);
  const { targetCPUUtilizationPercentage: cpu, targetMemoryUtilizationPercentage: memory } =
    blueprint.spec.server.autoscaling;
  const { server } = namesOf(blueprint.name);
  return child(horizontalPodAutoscalers, {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: metadataOf(blueprint, server, "mcp-server"),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: servingDeployment(blueprint) },
      minReplicas: min,
      maxReplicas: max,
      metrics: [utilization("cpu", cpu), utilization("memory", memory), ...ownMetrics(blueprint)],
      behavior,
    },
  });
}

/** With the switch to another track the autoscaler goes along: as many pods are there already. */
const servingDeployment = ({ name, rollout }: Blueprint) => deploymentOf(name, rollout?.servers[0].track ?? "blue");

const utilization = (name: string, averageUtilization: number) => ({
  type: "Resource",
  resource: { name, target: { type: "Utilization", averageUtilization } },
});

/** As an adapter for custom.metrics.k8s.io serves them: see deploy/prometheus-adapter. */
function ownMetrics({ name, spec }: Blueprint): object[] {
  const bridge = { apiVersion: "v1", kind: "Service", name: namesOf(name).bridge };
  const make: Readonly<Record<Metric["type"], (target: string) => object>> = {
    CallsInFlight: (target) => ({
      type: "Pods",
      pods: { metric: { name: metricNames.callsInFlight }, target: { type: "AverageValue", averageValue: target } },
    }),
    QueueAge: (target) => ({
      type: "Object",
      object: {
        describedObject: bridge,
        metric: { name: metricNames.oldestMessageAge },
        target: { type: "Value", value: target },
      },
    }),
  };
  return spec.server.autoscaling.metrics.map(({ type, target }) => make[type](stored(target)));
}

/** As the API server stores the quantity: 2000 as 2k. */
const stored = (count: number) => canonicalQuantity(String(count));

const steps = (stabilizationWindowSeconds: number, percent: number, selectPolicy: string) => ({
  stabilizationWindowSeconds,
  selectPolicy,
  policies: [{ type: "Percent", value: percent, periodSeconds: 60 }],
});

const behavior = { scaleDown: steps(300, 10, "Max"), scaleUp: steps(60, 50, "Max") };

/** For KEDA, which makes a HorizontalPodAutoscaler of it. */
function scaledObject(blueprint: Blueprint): Child {
  const { min, max } = serverScaling(blueprint.spec);
  const { autoscaling } = blueprint.spec.server;
  const { server } = namesOf(blueprint.name);
  const used = (type: string, percent: number) => ({
    type,
    metricType: "Utilization",
    metadata: { value: String(percent) },
  });
  return child(scaledObjects, {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: metadataOf(blueprint, server, "mcp-server"),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: servingDeployment(blueprint) },
      minReplicaCount: min,
      maxReplicaCount: max,
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      triggers: [
        used("cpu", autoscaling.targetCPUUtilizationPercentage),
        used("memory", autoscaling.targetMemoryUtilizationPercentage),
        ...autoscaling.metrics.map((metric) => prometheusTrigger(blueprint, metric)),
      ],
    },
  });
}

function prometheusTrigger({ namespace, name, spec }: Blueprint, { type, target }: Metric): object {
  const selector = `namespace="${namespace}",cctelegram="${name}"`;
  const queries: Readonly<Record<Metric["type"], { readonly query: string; readonly metricType: string }>> = {
    CallsInFlight: { query: `sum(${metricNames.callsInFlight}{${selector}})`, metricType: "AverageValue" },
    QueueAge: { query: `max(${metricNames.oldestMessageAge}{${selector}})`, metricType: "Value" },
  };
  const { query, metricType } = queries[type];
  return {
    type: "prometheus",
    metricType,
    metadata: { serverAddress: spec.server.autoscaling.prometheusUrl ?? "", query, threshold: String(target) },
  };
}
