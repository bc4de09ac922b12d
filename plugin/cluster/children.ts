import { childTypes, optionalChildTypes, pods } from "../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { apiVersionOf, type ResourceType, resourcePath } from "../../operator/runtime/resource-type.ts";
import type { Api } from "./api.ts";
import { isForbidden, isUnknownKind } from "./refusals.ts";
import { nameOf, namespaceOf, type Resource } from "./resources.ts";

export type Children = {
  readonly objects: readonly KubernetesObject[];
  /** Kinds that the user may not list. */
  readonly hidden: readonly string[];
};

const replicaSets: ResourceType = {
  group: "apps",
  version: "v1",
  plural: "replicasets",
  kind: "ReplicaSet",
  namespaced: true,
};
const claims: ResourceType = {
  group: "",
  version: "v1",
  plural: "persistentvolumeclaims",
  kind: "PersistentVolumeClaim",
  namespaced: true,
};

const types: readonly ResourceType[] = [...childTypes, ...optionalChildTypes, replicaSets, pods, claims];

/** Everything that carries the resource's labels, as far as the user may see it. */
export async function childrenOf(api: Api, resource: Resource): Promise<Children> {
  const labelSelector = `app.kubernetes.io/name=cctelegram,app.kubernetes.io/instance=${nameOf(resource)}`;
  const found = await Promise.all(types.map((type) => listed(api, type, namespaceOf(resource), labelSelector)));
  return {
    objects: found.flatMap((objects) => objects ?? []),
    hidden: types.filter((_, index) => found[index] === undefined).map(({ kind }) => kind),
  };
}

/** undefined: they are hidden from the user. A kind that is not installed has no objects. */
async function listed(
  api: Api,
  type: ResourceType,
  namespace: string,
  labelSelector: string,
): Promise<KubernetesObject[] | undefined> {
  try {
    const items = await api.list(resourcePath(type, { namespace }), { labelSelector });
    // Items of a list do not say what they are.
    return items.map((item) => ({ ...item, apiVersion: apiVersionOf(type), kind: type.kind }));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    if (isUnknownKind(error)) return [];
    throw error;
  }
}
