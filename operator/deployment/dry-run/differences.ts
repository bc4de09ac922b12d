import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { printable } from "../printable.ts";

/** What the API server sets, and what is no wish. */
const serverSet = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"];

/** In characters. */
const longestValue = 80;
const longestField = 300;
const most = 20;

type Map = Readonly<Record<string, unknown>>;

/** The fields in which two states of an object differ, as `path: before -> after`; of a Secret without the values. */
export function differences(before: KubernetesObject, after: KubernetesObject): string[] {
  const isSecret = after.kind === "Secret";
  const found = differing(wishesOf(before), wishesOf(after), "").map(({ path, from, to }) =>
    printable(isSecret ? path : `${path}: ${shown(from)} -> ${shown(to)}`, longestField),
  );
  const told = [...new Set(found)].toSorted();
  return told.length <= most ? told : [...told.slice(0, most - 1), "and others"];
}

function wishesOf({ metadata, status: _status, ...wishes }: KubernetesObject): Map {
  const kept = Object.entries(metadata).filter(([name]) => !serverSet.includes(name));
  return { ...wishes, metadata: Object.fromEntries(kept) };
}

type Difference = { readonly path: string; readonly from: unknown; readonly to: unknown };

function differing(from: unknown, to: unknown, path: string): Difference[] {
  if (isDeepStrictEqual(from, to)) return [];
  const [before, after] = [named(from), named(to)];
  if (before === undefined || after === undefined) return [{ path, from, to }];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const isList = Array.isArray(from);
  return [...names].flatMap((name) =>
    differing(before[name], after[name], isList ? `${path}[${name}]` : `${path}${path && "."}${name}`),
  );
}

/** The members of a map, or the items of a list whose items have names. */
function named(value: unknown): Map | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!Array.isArray(value)) return value as Map;
  const names = value.map((item) => (item as { name?: unknown } | null)?.name);
  const areNames = names.every((name) => typeof name === "string") && new Set(names).size === names.length;
  return areNames ? Object.fromEntries(value.map((item, index) => [String(names[index]), item])) : undefined;
}

const shown = (value: unknown) => (value === undefined ? "none" : printable(JSON.stringify(value), longestValue));
