import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { namesOf, sha256 } from "../names.ts";
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
