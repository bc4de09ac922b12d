import { hash } from "node:crypto";

/**
 * One text per JSON value up to the order of map keys. Members that are null, undefined or an empty list are left out,
 * as the API server does.
 *
 * @example
 * ```ts
 * canonicalJson({ b: 1, a: [], c: null }); // => {"b":1}
 * ```
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value)) ?? "null";
}

/**
 * 72 bits in base64: enough to distinguish the versions of one object. A longer slice would keep the whole text in memory.
 *
 * @example
 * ```ts
 * canonicalHash({ a: 1, b: 2 }) === canonicalHash({ b: 2, a: 1 }); // => true
 * ```
 */
export function canonicalHash(value: unknown): string {
  return hash("sha256", canonicalJson(value), "base64url").slice(0, 12);
}

/** The value with its maps in order. Only unordered maps are copied: this runs for every object that is received. */
function canonical(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? canonicalList(value) : canonicalMap(value as JsonMap);
}

type JsonMap = Readonly<Record<string, unknown>>;

function canonicalList(list: readonly unknown[]): readonly unknown[] {
  const items = list.map(canonical);
  return items.some((item, index) => item !== list[index]) ? items : list;
}

function canonicalMap(map: JsonMap): JsonMap {
  if (!isInOrder(map)) return orderedCopy(map);
  let copy: Record<string, unknown> | undefined;
  for (const name in map) {
    const member = canonical(map[name]);
    if (copy === undefined && member !== map[name]) copy = upTo(map, name);
    if (copy !== undefined) define(copy, name, member);
  }
  return copy ?? map;
}

function isInOrder(map: JsonMap): boolean {
  let previous = "";
  for (const name in map) {
    if (name < previous || isLeftOut(map[name])) return false;
    previous = name;
  }
  return true;
}

function orderedCopy(map: JsonMap): JsonMap {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(map).sort()) {
    if (!isLeftOut(map[name])) define(copy, name, canonical(map[name]));
  }
  return copy;
}

/** The members before the one of this name. */
function upTo(map: JsonMap, end: string): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const name in map) {
    if (name === end) break;
    define(copy, name, map[name]);
  }
  return copy;
}

/**
 * Assignment to `__proto__` would not create a member, and annotations may have any name.
 *
 * @example
 * ```ts
 * const annotations: Record<string, unknown> = {};
 * define(annotations, "__proto__", "a member like any other");
 * ```
 */
export function define(map: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(map, name, { value, enumerable: true });
  else map[name] = value;
}

const isLeftOut = (member: unknown): boolean =>
  member === null || member === undefined || (Array.isArray(member) && member.length === 0);
