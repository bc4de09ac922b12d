import { canonicalHash, define } from "./canonical-json.ts";
import { type ItemPath, isMap, parseItemPath } from "./item-path.ts";
import type { FieldsV1, KubernetesObject, ManagedFieldsEntry } from "./kubernetes-object.ts";

/*
 * How "nothing has to be written" is decided without a schema.
 *
 * Server-side apply records which fields a manager owns. The live object, cut down to those fields, is what was
 * applied last, less what others took away or changed since: a field that another manager changes leaves our set, and a
 * field that is removed does too. So the cut equals the desired object exactly when an apply would change nothing.
 *
 * Lists. Only the server knows which lists are associative, but the recorded set shows it: their items are named by
 * `k:` and `v:` elements. Of such a list the cut keeps the items so named, in their live order; foreign items (injected
 * sidecars, variables) fall out. Any other list is atomic and is taken whole. Order counts in both: the order of
 * containers, init containers, variables and arguments means something, and apply puts our items into the order applied
 * (structured-merge-diff keeps the order of the right-hand side), so an order that differs is a change to be written.
 *
 * Empty values. The server drops null and, mostly, empty lists, so neither counts on either side. `{}` does count:
 * `emptyDir: {}` and `podSelector: {}` mean something.
 *
 * Hence the desired object must be written as the server stores it:
 * - defaults inside atomic values are spelled out (`fieldRef.apiVersion: v1`, `protocol: TCP` in NetworkPolicy ports,
 *   volumeClaimTemplates with apiVersion, kind, volumeMode and status.phase);
 * - quantities are canonical (`500m` and `1Gi`, not `0.5` and `1024Mi`): see quantity.ts;
 * - Secrets use `data`; `stringData` is never stored.
 * Where that fails, Applier notices that the answer to its apply still differs, and remembers it.
 */

/** Fields that apply ignores or that identify the object. */
const identity = new Set(["name", "namespace", "generateName"]);
const serverSet = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
]);

/** What a manager owns of a live object, and the hash of it. */
export type Owned = {
  readonly fields: unknown;
  readonly fingerprint: string;
  /** It owns them since it created the object, and has not applied since: see `appliedEntries`. */
  readonly created: boolean;
};

/** As long as an object is there: what a write answered is judged by the applier first and then kept by the cache. */
const judged = new WeakMap<KubernetesObject, Owned & { readonly fieldManager: string }>();

/**
 * `ownedFields` with their fingerprint. The object must not change any more.
 *
 * @example
 * ```ts
 * const seen = owned(deployment, "example-operator").fingerprint;
 * ```
 */
export function owned(object: KubernetesObject, fieldManager: string): Owned {
  const known = judged.get(object);
  if (known?.fieldManager === fieldManager) return known;
  const entry = entryOf(object, fieldManager);
  const fields = fieldsOf(object, entry);
  const answer = { fields, fingerprint: fingerprint(fields), created: entry?.operation === "Update", fieldManager };
  judged.set(object, answer);
  return answer;
}

/**
 * The live object cut down to what `fieldManager` owns, without apiVersion, kind, name and namespace: by its apply, or before
 * the first one by its creation. Undefined when it owns nothing.
 *
 * @example
 * ```ts
 * const fields = ownedFields(deployment, "example-operator"); // such as { spec: { replicas: 2 } }
 * ```
 */
export function ownedFields(object: KubernetesObject, fieldManager: string): unknown {
  return fieldsOf(object, entryOf(object, fieldManager));
}

const fieldsOf = (object: KubernetesObject, entry: ManagedFieldsEntry | undefined): unknown =>
  entry?.fieldsV1 === undefined ? undefined : project(object, entry.fieldsV1);

function entryOf(object: KubernetesObject, fieldManager: string): ManagedFieldsEntry | undefined {
  const ours = object.metadata.managedFields?.filter((candidate) => isOurs(candidate, object, fieldManager));
  return ours?.find(({ operation }) => operation === "Apply") ?? ours?.[0];
}

/**
 * The entries of an object after which what its creation left to `fieldManager` counts as applied; undefined when there is
 * nothing like that. An apply removes a field that is no longer desired only if nobody else owns it, and the server
 * takes the entry of a creation for somebody else's (csaupgrade of client-go does the same for `kubectl apply`).
 *
 * @example
 * ```ts
 * const managedFields = appliedEntries(deployment, "example-operator");
 * if (managedFields !== undefined) logger.debug({ managedFields }, "to be written before the first apply");
 * ```
 */
export function appliedEntries(object: KubernetesObject, fieldManager: string): ManagedFieldsEntry[] | undefined {
  const entries = object.metadata.managedFields ?? [];
  const ours = entries.filter((entry) => isOurs(entry, object, fieldManager));
  const created = ours.filter(({ operation }) => operation === "Update");
  if (created.length === 0) return undefined;
  const fieldsV1 = ours.reduce<FieldsV1>((all, { fieldsV1 = {} }) => union(all, fieldsV1), {});
  return [
    ...entries.filter((entry) => !ours.includes(entry)),
    { ...created[0], ...ours.find(({ operation }) => operation === "Apply"), operation: "Apply", fieldsV1 },
  ];
}

function union(one: FieldsV1, other: FieldsV1): FieldsV1 {
  const both = { ...one };
  for (const [element, below] of Object.entries(other)) {
    const known = both[element];
    define(both, element, known === undefined ? below : union(known, below));
  }
  return both;
}

/**
 * The desired object in the form of `ownedFields`.
 *
 * @example
 * ```ts
 * const fields = desiredFields({ metadata: { name: "one" }, data: { key: "value" } }); // { data: { key: "value" } }
 * ```
 */
export function desiredFields(desired: KubernetesObject): unknown {
  if (desired.stringData !== undefined) {
    throw new Error(
      `${desired.kind} ${desired.metadata.name}: write data instead of stringData, which is never stored`,
    );
  }
  const { apiVersion: _apiVersion, kind: _kind, metadata, status: _status, ...fields } = desired;
  const kept: Record<string, unknown> = {};
  for (const name in metadata) {
    const value = metadata[name as keyof typeof metadata];
    if (!identity.has(name) && !serverSet.has(name) && !isEmpty(value)) kept[name] = value;
  }
  return isEmpty(kept) ? fields : { ...fields, metadata: kept };
}

/**
 * A short stable hash of a JSON value: the order of map keys, null values and empty lists do not count.
 *
 * @example
 * ```ts
 * fingerprint({ a: 1, b: [] }) === fingerprint({ a: 1 }); // => true
 * ```
 */
export function fingerprint(value: unknown): string {
  return canonicalHash(value);
}

/**
 * Equals `fingerprint(ownedFields(live, manager))` exactly when applying `desired` would change nothing.
 *
 * @example
 * ```ts
 * const needsWrite = desiredFingerprint(deployment) !== owned(live, "example-operator").fingerprint;
 * ```
 */
export function desiredFingerprint(desired: KubernetesObject): string {
  return fingerprint(desiredFields(desired));
}

/**
 * Whether an entry is of a manager, and of the object itself.
 *
 * @example
 * ```ts
 * const ours = (deployment.metadata.managedFields ?? []).filter((entry) => isOurs(entry, deployment, "example-operator"));
 * ```
 */
export function isOurs(entry: ManagedFieldsEntry, object: KubernetesObject, fieldManager: string): boolean {
  return (
    entry.manager === fieldManager &&
    entry.subresource === undefined &&
    // Items of lists come without apiVersion; an entry of another version would name other fields.
    (object.apiVersion === undefined || entry.apiVersion === object.apiVersion)
  );
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}

/** Cuts a value down to the fields of a set; undefined when none of them is there. */
function project(value: unknown, fields: FieldsV1): unknown {
  let elements = 0;
  let hasItems = false;
  for (const element in fields) {
    if (element === ".") continue;
    elements += 1;
    hasItems ||= element.charCodeAt(0) !== fieldPrefix;
  }
  if (elements === 0) return "." in fields ? emptyLike(value) : value;
  if (hasItems) return Array.isArray(value) ? projectList(value, fields) : undefined;
  return isMap(value) ? projectMap(value, fields) : undefined;
}

/** "f" of `f:name`. */
const fieldPrefix = 0x66;

/** Of a list or map that is owned without any content, its existence. */
function emptyLike(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return isMap(value) ? {} : value;
}

function projectMap(map: Readonly<Record<string, unknown>>, fields: FieldsV1): Record<string, unknown> {
  const cut: Record<string, unknown> = {};
  for (const element in fields) {
    const name = element.slice(2);
    const owned = fields[element];
    if (element === "." || owned === undefined || !Object.hasOwn(map, name)) continue;
    const value = project(map[name], owned);
    if (value !== undefined) define(cut, name, value);
  }
  return cut;
}

function projectList(list: readonly unknown[], fields: FieldsV1): unknown[] {
  const owned: { readonly path: ItemPath; readonly fields: FieldsV1 }[] = [];
  for (const element in fields) {
    const below = fields[element];
    if (element !== "." && below !== undefined) owned.push({ path: parseItemPath(element), fields: below });
  }
  const cut: unknown[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    const match = owned.find(({ path }) => path.matches(item, index));
    if (match === undefined) continue;
    const value = project(item, match.fields);
    if (value !== undefined) cut.push(value);
  }
  return cut;
}
