import type { ResourceType } from "../../runtime/resource-type.ts";
import type { CachedChild, CachedResource } from "./cached-objects.ts";
import type { Cluster } from "./cluster.ts";

/** A child that the resource controls. Another object with its name says nothing about the child. */
export function ownChild(
  cluster: Pick<Cluster, "child">,
  { namespace, uid }: CachedResource,
  type: ResourceType,
  name: string,
): CachedChild | undefined {
  const child = cluster.child(type, namespace, name);
  return child?.controllerUid === uid ? child : undefined;
}
