import { serverScaling } from "../../api/sizing.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { type Component, namesOf, selectorLabels } from "../names.ts";
import { horizontalPodAutoscalers, podDisruptionBudgets } from "../resource-types.ts";
import { deploymentOf, trackLabels } from "../rollout/tracks.ts";

/** The HPA of the Enterprise Deployment Guide: slow to scale down (10% a minute, after 5 minutes), fast to scale up (50% a minute). */
export function serverAutoscaler(blueprint: Blueprint): Child {
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
      metrics: [utilization("cpu", cpu), utilization("memory", memory)],
      behavior: { scaleDown: steps(300, 10, "Max"), scaleUp: steps(60, 50, "Max") },
    },
  });
}

/** With the switch to another track the autoscaler goes along: as many pods are there already. */
const servingDeployment = ({ name, rollout }: Blueprint) => deploymentOf(name, rollout?.servers[0].track ?? "blue");

const utilization = (name: string, averageUtilization: number) => ({
  type: "Resource",
  resource: { name, target: { type: "Utilization", averageUtilization } },
});

const steps = (stabilizationWindowSeconds: number, percent: number, selectPolicy: string) => ({
  stabilizationWindowSeconds,
  selectPolicy,
  policies: [{ type: "Percent", value: percent, periodSeconds: 60 }],
});

/** A node drain takes one pod of a component at a time. */
export const serverDisruptionBudget = (blueprint: Blueprint) =>
  disruptionBudget(blueprint, namesOf(blueprint.name).server, "mcp-server");

export const bridgeDisruptionBudget = (blueprint: Blueprint) =>
  disruptionBudget(blueprint, namesOf(blueprint.name).bridge, "bridge");

function disruptionBudget(blueprint: Blueprint, name: string, component: Component): Child {
  return child(podDisruptionBudgets, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: metadataOf(blueprint, name, component),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      // Pods that nobody reaches yet, or any more, need no protection, and hold up no drain.
      selector: {
        matchLabels: {
          ...selectorLabels(blueprint.name, component),
          ...trackLabels(component === "mcp-server" ? blueprint.rollout?.track : undefined),
        },
      },
    },
  });
}
