import { hash } from "node:crypto";

/**
 * One text per JSON value up to the order of map keys. Members that are null, undefined or an empty list are left out,
 * as the API server leaves them out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(canonical(value)) ?? "null";
}

/** 72 bits in base64: enough to tell the versions of one object apart. A longer slice would keep the whole text alive. */
export function canonicalHash(value: unknown): string {
  return hash("sha256", canonicalJson(value), "base64url").slice(0, 12);
}

/** The value with its maps in order. Only what is out of order is copied: this runs for every object that is seen. */
function canonical(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? canonicalList(value) : canonicalMap(value as JsonMap);
}

type JsonMap = Readonly<Record<string, unknown>>;

function canonicalList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = canonical(list[index]);
    if (copy === undefined && item !== list[index]) copy = list.slice(0, index);
    copy?.push(item);
  }
  return copy ?? list;
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
  const names = sorted(Object.keys(map));
  // Not for-of, which makes an object for each step until V8 optimises it, and the operator forbids that (Dockerfile).
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
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

/** Assignment to `__proto__` would not make a member, and annotations may be called anything. */
export function define(map: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(map, name, { value, enumerable: true });
  else map[name] = value;
}

/** In place. Most lists are short and go by insertion: `sort` copies each of them twice. */
function sorted(names: string[]): string[] {
  if (names.length > longestInsertion) return names.sort();
  for (let end = 1; end < names.length; end += 1) {
    const name = names[end] as string;
    let place = end;
    for (; place > 0 && (names[place - 1] as string) > name; place -= 1) names[place] = names[place - 1] as string;
    names[place] = name;
  }
  return names;
}

/** Beyond, insertion would take quadratic time, and anybody may write an object with many members. */
const longestInsertion = 32;

const isLeftOut = (member: unknown): boolean =>
  member === null || member === undefined || (Array.isArray(member) && member.length === 0);
