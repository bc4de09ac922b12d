import type { Blueprint, Child } from "../blueprint.ts";
import { child, metadataOf } from "../blueprint.ts";
import type { CachedResource } from "../cached-objects.ts";
import type { Cluster } from "../cluster.ts";
import { namesOf, selectorLabels, sha256 } from "../names.ts";
import { ownChild } from "../own-child.ts";
import { deployments, services } from "../resource-types.ts";
import type { ImportedKeys } from "./imported-keys.ts";

/** How far the take-over has come. */
export type AdoptionState = {
  /** The servers run, and know the imported keys. */
  readonly serversReady: boolean;
  /** Names of Services that lead to the servers. */
  readonly moved: readonly string[];
  readonly keysProblem: string | undefined;
};

/** Changes with the imported keys; undefined without any. In the pods' template, so that no pod serves that does not know them. */
export function importMark({ file }: ImportedKeys): string | undefined {
  return Object.keys(file).length === 0 ? undefined : sha256(JSON.stringify(file)).slice(0, 16);
}

/** Undefined for a resource that takes nothing over. */
export function adoptionState(
  cluster: Pick<Cluster, "child">,
  resource: CachedResource,
  imported: ImportedKeys,
): AdoptionState | undefined {
  const { adoption } = resource.spec;
  if (adoption === undefined) return undefined;
  const server = ownChild(cluster, resource, deployments, namesOf(resource.name).server)?.state.workload;
  const { observed = false, replicas = 0, updated = 0, current = 0, ready = 0, importMark: mark } = server ?? {};
  const isSettled = observed && replicas > 0 && [updated, current, ready].every((count) => count === replicas);
  const isOurs = (name: string) => ownChild(cluster, resource, services, name) !== undefined;
  return {
    serversReady: isSettled && mark === importMark(imported) && imported.problem === undefined,
    moved: (adoption.services ?? []).map(({ name }) => name).filter(isOurs),
    keysProblem: imported.problem,
  };
}

/**
 * The Services that lead clients to the servers under the names that they know. One that leads there stays, whatever happens to the
 * servers: the former ones may be gone.
 */
export function adoptedServices(blueprint: Blueprint): Child[] {
  const { adoption } = blueprint;
  if (adoption === undefined) return [];
  const { server, bridge, dashboard, external } = namesOf(blueprint.name);
  const own: readonly string[] = [server, bridge, dashboard, external];
  return (blueprint.spec.adoption?.services ?? [])
    .filter(({ name }) => !own.includes(name))
    .filter(({ name }) => adoption.serversReady || adoption.moved.includes(name))
    .map(({ name, port }) =>
      child(services, {
        apiVersion: "v1",
        kind: "Service",
        metadata: metadataOf(blueprint, name, "mcp-server"),
        spec: {
          type: "ClusterIP",
          selector: selectorLabels(blueprint.name, "mcp-server"),
          // Without a name: that of the port stays, which rules of others may use.
          ports: [{ port, targetPort: "http", protocol: "TCP" }],
        },
      }),
    );
}
