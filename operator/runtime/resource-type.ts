/** A kind of Kubernetes resource, as it is addressed in URLs. The core group is "". */
export type ResourceType = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
};

export type ResourcePathParts = {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
};

/**
 * The `apiVersion` of objects of this type: "v1", "apps/v1".
 *
 * @example
 * ```ts
 * apiVersionOf({ group: "apps", version: "v1", plural: "deployments", kind: "Deployment", namespaced: true }); // => apps/v1
 * ```
 */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/**
 * The URL path of a collection, an object or a subresource. Without `namespace` a namespaced type's
 * collection spans all namespaces.
 *
 * @example
 * ```ts
 * resourcePath(deployments, { namespace: "default", name: "one" }); // => /apis/apps/v1/namespaces/default/deployments/one
 * resourcePath(deployments); // => /apis/apps/v1/deployments
 * ```
 */
export function resourcePath(type: ResourceType, parts: ResourcePathParts = {}): string {
  const { namespace, name, subresource } = parts;
  if (type.namespaced && name !== undefined && !namespace) {
    throw new Error(`${type.kind} ${name} is namespaced: its path needs a namespace`);
  }
  let path = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (type.namespaced && namespace) path += `/namespaces/${encodeURIComponent(namespace)}`;
  path += `/${type.plural}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}
