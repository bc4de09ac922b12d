import { serverScaling } from "../../api/sizing.ts";
import { adoptedServices } from "../adoption/services.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { bridgeDisruptionBudget, serverAutoscaler, serverDisruptionBudget } from "./availability.ts";
import { bridgeStatefulSet } from "./bridge-stateful-set.ts";
import { exposureChildren } from "./exposure.ts";
import { prometheusRule, serviceMonitor } from "./monitoring.ts";
import { bridgeNetworkPolicy, serverNetworkPolicy } from "./network-policies.ts";
import { apiKeysSecret, connectionSecrets, dashboardSecrets, hmacSecret } from "./secrets.ts";
import { serverDeployment } from "./server-deployment.ts";
import {
  bridgeService,
  bridgeServiceAccount,
  dashboardServices,
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
      : [serverDeployment(blueprint), ...(blueprint.bridge === "Apply" ? [bridgeStatefulSet(blueprint)] : [])],
    others: [
      serverService(blueprint),
      bridgeService(blueprint),
      ...dashboardServices(blueprint),
      ...(serverScaling(blueprint.spec).autoscaled ? [serverAutoscaler(blueprint)] : []),
      serverDisruptionBudget(blueprint),
      bridgeDisruptionBudget(blueprint),
      ...monitoring(blueprint),
      ...exposureChildren(blueprint),
      ...adoptedServices(blueprint),
    ],
  };
}

const networkPolicies = (blueprint: Blueprint) =>
  blueprint.spec.networkPolicy.mode === "Disabled"
    ? []
    : [serverNetworkPolicy(blueprint), bridgeNetworkPolicy(blueprint)];

const monitoring = (blueprint: Blueprint) => [
  ...(blueprint.hasServiceMonitor ? [serviceMonitor(blueprint)] : []),
  ...(blueprint.hasPrometheusRule ? [prometheusRule(blueprint)] : []),
];
