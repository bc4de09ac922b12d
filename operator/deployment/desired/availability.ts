import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import { type Component, namesOf, selectorLabels } from "../names.ts";
import { podDisruptionBudgets } from "../resource-types.ts";
import { trackLabels } from "../rollout/tracks.ts";

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
