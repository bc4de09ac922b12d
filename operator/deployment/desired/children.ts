import { serverScaling } from "../../api/sizing.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import { bridgeDisruptionBudget, serverAutoscaler, serverDisruptionBudget } from "./availability.ts";
import { bridgeStatefulSet } from "./bridge-stateful-set.ts";
import { bridgeConfigMap, serverConfigMap } from "./configuration.ts";
import { prometheusRule, serviceMonitor } from "./monitoring.ts";
import { bridgeNetworkPolicy, serverNetworkPolicy } from "./network-policies.ts";
import { apiKeysSecret, connectionSecrets, hmacSecret } from "./secrets.ts";
import { serverDeployment } from "./server-deployment.ts";
import { bridgeService, bridgeServiceAccount, serverService, serverServiceAccount } from "./services.ts";

/**
 * Everything that should exist, in two groups: what pods read at their start and are protected by, then the rest,
 * workloads first. A workload that changes before its ConfigMap would start pods with the old one.
 */
export function childrenOf(blueprint: Blueprint): { readonly foundations: Child[]; readonly rest: Child[] } {
  return {
    foundations: [
      serverServiceAccount(blueprint),
      bridgeServiceAccount(blueprint),
      serverConfigMap(blueprint),
      bridgeConfigMap(blueprint),
      hmacSecret(blueprint),
      apiKeysSecret(blueprint),
      ...networkPolicies(blueprint),
    ],
    rest: [
      serverDeployment(blueprint),
      ...(blueprint.hasBridge ? [bridgeStatefulSet(blueprint)] : []),
      serverService(blueprint),
      bridgeService(blueprint),
      ...(serverScaling(blueprint.spec).autoscaled ? [serverAutoscaler(blueprint)] : []),
      serverDisruptionBudget(blueprint),
      bridgeDisruptionBudget(blueprint),
      ...connectionSecrets(blueprint),
      ...monitoring(blueprint),
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
