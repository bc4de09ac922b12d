import { isMap, parseItemPath } from "./item-path.ts";
import type { FieldsV1, KubernetesObject } from "./kubernetes-object.ts";
import { isOurs } from "./owned-fields.ts";

/**
 * The object that an apply answered, without the fields that `fieldManager` owns by its creation alone: they go when the
 * creation counts as applied (`appliedEntries`). A dry run cannot count it first.
 *
 * @example
 * ```ts
 * const after = withoutLeftOvers(deployment, "example-operator");
 * ```
 */
export function withoutLeftOvers(object: KubernetesObject, fieldManager: string): KubernetesObject {
  const entries = object.metadata.managedFields ?? [];
  const created = entries.filter((entry) => entry.operation === "Update" && isOurs(entry, object, fieldManager));
  const others = entries.filter((entry) => !created.includes(entry)).map(({ fieldsV1 = {} }) => fieldsV1);
  return created.reduce<KubernetesObject>(
    (rest, { fieldsV1 = {} }) => without(rest, ownedAlone(fieldsV1, others)) as KubernetesObject,
    object,
  );
}

/** Of a set what none of the others has. Whoever owns a part of a map or an item keeps that there, too. */
function ownedAlone(fields: FieldsV1, others: readonly FieldsV1[]): FieldsV1 {
  const alone = Object.entries(fields).flatMap(([element, below]): [string, FieldsV1][] => {
    if (element === ".") return [];
    const known = others.flatMap((other) => (Object.hasOwn(other, element) ? (other[element] ?? {}) : []));
    if (known.length === 0) return [[element, below]];
    const left = ownedAlone(below, known);
    return Object.keys(left).length === 0 ? [] : [[element, left]];
  });
  return Object.fromEntries(alone);
}

function without(value: unknown, fields: FieldsV1): unknown {
  if (Array.isArray(value)) return withoutItems(value, fields);
  if (!isMap(value)) return value;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const gone = fields[`f:${name}`];
    if (gone === undefined) return [[name, member]];
    const left = Object.keys(gone).every((element) => element === ".") ? undefined : without(member, gone);
    return left === undefined || ("." in gone && isMap(left) && Object.keys(left).length === 0) ? [] : [[name, left]];
  });
  return Object.fromEntries(members);
}

function withoutItems(list: readonly unknown[], fields: FieldsV1): unknown[] {
  const gone = Object.entries(fields)
    .filter(([element]) => element !== ".")
    .map(([element, below]) => ({ path: parseItemPath(element), below }));
  return list.flatMap((item, index) => {
    const match = gone.find(({ path }) => path.matches(item, index));
    if (match === undefined) return [item];
    // An item that is owned as such goes whole, and so does a value of a set.
    return "." in match.below || Object.keys(match.below).length === 0 ? [] : [without(item, match.below)];
  });
}
