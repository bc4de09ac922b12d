import * as types from "../../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { readResource } from "./steps.ts";
import type { World } from "./world.ts";

export type Described = { readonly [object: string]: unknown };

/** Every child without what differs between resources: names, uids, keys, versions. */
export async function describeChildren(world: World, name: string): Promise<Described> {
  const { uid } = (await readResource(world, name)).metadata;
  const all = await Promise.all(
    types.childTypes.map(async (type) => {
      const path = resourcePath(type, { namespace: world.namespace });
      // There may be hundreds of other resources.
      const labelSelector = `app.kubernetes.io/instance=${name}`;
      const objects = await world.client.list(path, { labelSelector });
      const owned = objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
      return owned.map((object) => [`${type.plural}/${object.metadata.name}`, anonymous(object, name)] as const);
    }),
  );
  return Object.fromEntries(all.flat().map(([key, value]) => [key.replace(name, "NAME"), value]));
}

function anonymous(object: KubernetesObject, name: string): unknown {
  const { metadata, spec, data } = object;
  const { labels, generation } = metadata;
  // A key that the operator had made before it was killed counts as one of before, for some minutes.
  const { "cctelegram.io/previous-until": _, ...annotations } = metadata.annotations ?? {};
  const text = JSON.stringify({ labels, annotations, generation, spec, keys: Object.keys(data ?? {}) });
  return JSON.parse(
    text
      .replaceAll(new RegExp(`\\b${name}\\b`, "g"), "NAME")
      .replaceAll(/"cctelegram\.io\/template":"\w+"/g, '"cctelegram.io/template":""')
      .replaceAll(/"(clusterIPs?|ipFamilies|ipFamilyPolicy)":("[^"]*"|\[[^\]]*\])/g, '"$1":""'),
  );
}
