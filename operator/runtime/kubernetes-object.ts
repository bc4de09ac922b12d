/** A JSON object of the API, as it comes over the wire: times are strings, nothing is decoded. */
export type KubernetesObject = {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
};

export type ObjectMeta = {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFieldsEntry[];
};

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

export type ManagedFieldsEntry = {
  manager?: string;
  operation?: "Apply" | "Update";
  apiVersion?: string;
  time?: string;
  fieldsType?: "FieldsV1";
  fieldsV1?: FieldsV1;
  subresource?: string;
};

/** The set of fields that a manager owns: keys are `f:name`, `k:{...}`, `v:value`, `i:index` or `.`. */
export type FieldsV1 = { [element: string]: FieldsV1 };

type ListMeta = { resourceVersion?: string; continue?: string; remainingItemCount?: number };

export type KubernetesList<T = KubernetesObject> = {
  apiVersion?: string;
  kind?: string;
  metadata: ListMeta;
  /** null in an empty list of PartialObjectMetadata. */
  items: T[] | null;
};

/** The error object of the API server (kind Status), also the object of a watch's ERROR event. */
export type Status = {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: {
    name?: string;
    kind?: string;
    retryAfterSeconds?: number;
    causes?: { reason?: string; message?: string; field?: string }[];
  };
};

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: KubernetesObject }
  | { readonly type: "ERROR"; readonly object: Status };

/**
 * The owner that controls the object, if any: at most one reference may say `controller: true`.
 *
 * @example
 * ```ts
 * const isOurs = controllerOf(deployment)?.uid === "2f6c";
 * ```
 */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}
