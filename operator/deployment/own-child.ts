import type { ResourceType } from "../runtime/resource-type.ts";
import type { Cache } from "./cache.ts";
import type { CachedChild, CachedResource } from "./cached-objects.ts";

/** A child that the resource controls. Another object with its name says nothing about the child. */
export function ownChild(
  cache: Pick<Cache, "child">,
  { namespace, uid }: CachedResource,
  type: ResourceType,
  name: string,
): CachedChild | undefined {
  const child = cache.child(type, namespace, name);
  return child?.controllerUid === uid ? child : undefined;
}
