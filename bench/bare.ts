import { deploymentSpec } from "../operator/api/spec.ts";
import type { Blueprint, Child } from "../operator/deployment/blueprint.ts";
import { childrenOf } from "../operator/deployment/desired/children.ts";
import { fieldManager, mcpUrl } from "../operator/deployment/names.ts";
import type { Client } from "../operator/runtime/client.ts";
import { inParallel, nameOf, namespace, resource } from "./fleet.ts";

/** The children of one resource, without the owner: the garbage collector would take them for orphans. */
export function bareChildren(name: string, overrides: Partial<Blueprint> = {}): readonly Child[] {
  const blueprint: Blueprint = {
    namespace,
    name,
    uid: "",
    spec: deploymentSpec.parse(resource(name).spec),
    image: "cctelegram/server:bench",
    telegramApiUrl: undefined,
    hmac: { current: "0".repeat(64) },
    keys: new Map([["claude", { current: "1".repeat(64) }]]),
    ownKeys: new Map(),
    previousKeys: [],
    verifierKey: "2".repeat(64),
    dashboard: undefined,
    serverReplicas: 2,
    bridge: "Apply",
    hasPrometheusRule: false,
    hasServiceMonitor: false,
    hasScaledObject: false,
    claimSize: "1Gi",
    hasHttpRoute: false,
    url: mcpUrl(namespace, name),
    ...overrides,
  };
  const children: readonly Child[] = Object.values(childrenOf(blueprint)).flat();
  return children.map(({ type, object }) => {
    const { ownerReferences: _, ...metadata } = object.metadata;
    return { type, object: { ...object, metadata } };
  });
}

/** Applies the children of so many resources with nothing around: what API server and control plane can take. Seconds. */
export async function bareApplies(client: Client, count: number): Promise<number> {
  const all = Array.from({ length: count }, (_, index) => bareChildren(nameOf(index))).flat();
  const startedAt = performance.now();
  await inParallel(all, ({ type, object }) => client.apply(type, object, { fieldManager }));
  return (performance.now() - startedAt) / 1000;
}
