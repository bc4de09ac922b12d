import type { ResourceType } from "../runtime/resource-type.ts";
import type { Blueprint, Child } from "./blueprint.ts";
import type { CachedChild, CachedResource } from "./cache/cached-objects.ts";
import type { Cluster } from "./cache/cluster.ts";
import type { Children } from "./desired/children.ts";
import { deployments, prunableTypes } from "./resource-types.ts";
import { deploymentOf } from "./rollout/tracks.ts";

/** The objects that the resource controls and no longer needs. */
export function unwanted(
  cluster: Pick<Cluster, "childrenOf">,
  resource: CachedResource,
  { children, rollout }: { readonly children: Children; readonly rollout: Blueprint["rollout"] },
): { readonly type: ResourceType; readonly child: CachedChild }[] {
  const wanted = new Set([
    ...Object.values(children)
      .flat()
      .map(({ type, object }: Child) => `${type.plural}/${object.metadata.name}`),
    // Also servers whose template is not kept any more.
    ...(rollout?.servers ?? []).map(({ track }) => `${deployments.plural}/${deploymentOf(resource.name, track)}`),
  ]);
  return [...cluster.childrenOf(resource.uid)].filter(
    ({ type, child }) => prunableTypes.includes(type) && !wanted.has(`${type.plural}/${child.name}`),
  );
}
