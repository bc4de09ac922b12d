import type { ResourceType } from "../runtime/resource-type.ts";
import type { Child } from "./blueprint.ts";
import type { CachedChild, CachedResource } from "./cached-objects.ts";
import type { Cluster } from "./cluster.ts";
import type { Children } from "./desired/children.ts";
import { prunableTypes } from "./resource-types.ts";

/** The objects that the resource controls and no longer needs. */
export function unwanted(
  cluster: Pick<Cluster, "childrenOf">,
  resource: CachedResource,
  children: Children,
): { readonly type: ResourceType; readonly child: CachedChild }[] {
  const wanted = new Set(
    Object.values(children)
      .flat()
      .map(({ type, object }: Child) => `${type.plural}/${object.metadata.name}`),
  );
  return [...cluster.childrenOf(resource.uid)].filter(
    ({ type, child }) => prunableTypes.includes(type) && !wanted.has(`${type.plural}/${child.name}`),
  );
}
