import { adoptedServices } from "../adoption/services.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { autoscalers } from "./autoscaler.ts";
import { bridgeDisruptionBudget, serverDisruptionBudget } from "./availability.ts";
import { bridgeStatefulSet } from "./bridge-stateful-set.ts";
import { exposureChildren } from "./exposure.ts";
import { prometheusRule, serviceMonitor } from "./monitoring.ts";
import { bridgeNetworkPolicy, serverNetworkPolicy } from "./network-policies.ts";
import { apiKeysSecret, connectionSecrets, dashboardSecrets, hmacSecret } from "./secrets.ts";
import { serverDeployments } from "./server-deployment.ts";
import {
  bridgeService,
  bridgeServiceAccount,
  dashboardServices,
  previewServices,
  serverService,
  serverServiceAccount,
} from "./services.ts";

/** Everything that should exist. Workloads are applied only after the foundations. */
export type Children = {
  /** Connection Secrets. Nothing else depends on them. */
  readonly connections: readonly Child[];
  /** What pods read, and what protects them. */
  readonly foundations: readonly Child[];
  readonly workloads: readonly Child[];
  readonly others: readonly Child[];
};

export function childrenOf(blueprint: Blueprint): Children {
  return {
    connections: connectionSecrets(blueprint),
    foundations: [
      hmacSecret(blueprint),
      apiKeysSecret(blueprint),
      ...dashboardSecrets(blueprint),
      serverServiceAccount(blueprint),
      bridgeServiceAccount(blueprint),
      ...networkPolicies(blueprint),
    ],
    workloads: blueprint.holdsWorkloads
      ? []
      : [
          ...serverDeployments(blueprint),
          ...(blueprint.bridge === "Apply" ? [bridgeStatefulSet(withBridgeImage(blueprint))] : []),
        ],
    others: [
      serverService(blueprint),
      ...previewServices(blueprint),
      bridgeService(blueprint),
      ...dashboardServices(blueprint),
      ...autoscalers(blueprint),
      serverDisruptionBudget(blueprint),
      bridgeDisruptionBudget(blueprint),
      ...monitoring(blueprint),
      ...exposureChildren(blueprint),
      ...adoptedServices(blueprint),
    ],
  };
}

const withBridgeImage = (blueprint: Blueprint): Blueprint => ({
  ...blueprint,
  image: blueprint.rollout?.bridgeImage ?? blueprint.image,
});

const networkPolicies = (blueprint: Blueprint) =>
  blueprint.spec.networkPolicy.mode === "Disabled"
    ? []
    : [serverNetworkPolicy(blueprint), bridgeNetworkPolicy(blueprint)];

const monitoring = (blueprint: Blueprint) => [
  ...(blueprint.hasServiceMonitor ? [serviceMonitor(blueprint)] : []),
  ...(blueprint.hasPrometheusRule ? [prometheusRule(blueprint)] : []),
];
