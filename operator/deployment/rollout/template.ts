import { canonicalJson } from "../../runtime/canonical-json.ts";
import { restartAnnotation, sha256 } from "../names.ts";
import { trackLabel } from "./tracks.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A pod template, as it is written. */
export type Template = {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Fields;
};

/** Changed by restarts, which are no other version. */
const passing: ReadonlySet<string> = new Set([restartAnnotation]);

/** What makes a revision: the template without its track and restarts. */
export function revisionIn({ metadata, spec }: Template): Template {
  const { [trackLabel]: _track, ...labels } = metadata?.labels ?? {};
  const kept = Object.entries(metadata?.annotations ?? {}).filter(([name]) => !passing.has(name));
  return {
    metadata: { labels, ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}) },
    spec: spec ?? {},
  };
}

/** A revision on a track, restarted when the present template asks for it. */
export function templateOn(revision: Template, labels: Readonly<Record<string, string>>, present: Template): Template {
  const { annotations = {} } = present.metadata ?? {};
  const current = Object.entries(annotations).filter(([name]) => passing.has(name));
  const all = { ...revision.metadata?.annotations, ...Object.fromEntries(current) };
  return {
    metadata: {
      labels: { ...revision.metadata?.labels, ...labels },
      // An empty map is not stored, and would look like a difference.
      ...(Object.keys(all).length > 0 ? { annotations: all } : {}),
    },
    spec: revision.spec ?? {},
  };
}

/** Names a revision: equal templates have equal hashes. */
export const hashOf = (template: Template): string => sha256(canonicalJson(revisionIn(template))).slice(0, 16);

/** The image of the container of a component. */
export function imageIn({ spec }: Template, component: string): string | undefined {
  const containers = (spec?.containers ?? []) as readonly { name?: string; image?: string }[];
  return containers.find(({ name }) => name === component)?.image;
}

/** The pods do not start without this Secret. */
export function readsSecret({ spec }: Template, name: string): boolean {
  const volumes = (spec?.volumes ?? []) as readonly { readonly secret?: { readonly secretName?: string } }[];
  return volumes.some(({ secret }) => secret?.secretName === name);
}

/** At most so many fields are named. */
const named = 6;

/** "image, env LOG_LEVEL": the fields that differ, for people. */
export function differences(before: Template, after: Template): string {
  const found = [...new Set(differing(revisionIn(before), revisionIn(after), []))];
  return found.slice(0, named).join(", ") + (found.length > named ? " and others" : "");
}

function differing(a: unknown, b: unknown, path: readonly string[]): string[] {
  if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return [];
  const [before, after] = [membersOf(a), membersOf(b)];
  if (before === undefined || after === undefined) return [shown(path)];
  const names = new Set([...before.keys(), ...after.keys()]);
  const below = [...names].flatMap((name) => differing(before.get(name), after.get(name), [...path, name]));
  return below.length === 0 ? [shown(path)] : below;
}

/** Members of a map, or of a list whose items have names; anything else is compared as a whole. */
function membersOf(value: unknown): Map<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const items = value.map((item) => [(item as { name?: unknown } | null)?.name, item] as const);
    return items.every(([name]) => typeof name === "string") ? new Map(items as [string, unknown][]) : undefined;
  }
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}

/** Containers have no index here, and a variable counts as a whole. */
function shown(path: readonly string[]): string {
  const [first, second, third, ...rest] = path;
  if (first === "metadata") return [second, third].filter((part) => part !== undefined).join(" ");
  if (second !== "containers") return path.slice(1).join(".");
  const [field, name] = rest;
  if (field === undefined) return `container ${third}`;
  return field === "env" && name !== undefined ? `env ${name}` : rest.join(".");
}
