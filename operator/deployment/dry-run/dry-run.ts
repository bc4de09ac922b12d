import type { DryRunChange } from "../../api/dry-run.ts";
import { serverScaling } from "../../api/sizing.ts";
import { ApiError, isConflict } from "../../runtime/api-error.ts";
import type { Applier } from "../../runtime/applier.ts";
import type { Client } from "../../runtime/client.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { withoutLeftOvers } from "../../runtime/left-over-fields.ts";
import { desiredFingerprint } from "../../runtime/owned-fields.ts";
import { resourcePath } from "../../runtime/resource-type.ts";
import type { Blueprint, Child } from "../blueprint.ts";
import type { CachedChild, CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { childrenOf } from "../desired/children.ts";
import { refusedOf } from "../failures.ts";
import { fieldManager } from "../names.ts";
import { printable } from "../printable.ts";
import { unwanted } from "../unwanted.ts";
import { differences } from "./differences.ts";

type Parts = {
  readonly client: Pick<Client, "get" | "apply">;
  readonly applier: Pick<Applier, "isAsWanted">;
  readonly cluster: Cluster;
};

/** What is known of an object, as long as neither it nor what is wanted of it changes. */
type Known = { readonly wanted: string; readonly live: string; readonly change: DryRunChange | undefined };

export type Preview = { readonly changes: readonly DryRunChange[]; readonly failures: readonly unknown[] };

/** Asks the API server what a resource would change, and writes nothing. */
export class DryRun {
  readonly #parts: Parts;
  /** By resource, type and name of the object. */
  readonly #known = new Map<string, Known>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Errors that pass are among the failures; what would be refused is a change. */
  async preview(resource: CachedResource, blueprint: Blueprint): Promise<Preview> {
    const children = childrenOf(blueprint);
    const outcomes = await Promise.allSettled(
      Object.values(children)
        .flat()
        .map((child: Child) => this.#change(resource, child)),
    );
    const deleted = unwanted(this.#parts.cluster, resource, { children, rollout: blueprint.rollout }).map(
      ({ type, child }) => ({
        kind: type.kind,
        name: child.name,
        action: "Delete" as const,
      }),
    );
    const found = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? (outcome.value ?? []) : []));
    return {
      changes: [...defaultReplicas(resource), ...found, ...deleted].toSorted(byName).slice(0, most),
      failures: outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : [])),
    };
  }

  /** The resource is gone, or is written again. */
  forget(resource: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${resource}/`)) this.#known.delete(key);
  }

  async #change({ namespace, uid }: CachedResource, child: Child): Promise<DryRunChange | undefined> {
    const { type, object } = child;
    const live = this.#parts.cluster.child(type, namespace, object.metadata.name ?? "");
    if (live !== undefined && this.#parts.applier.isAsWanted(type, object, live)) return undefined;
    const key = `${uid}/${type.plural}/${object.metadata.name}`;
    const state = { wanted: desiredFingerprint(object), live: live?.fingerprint ?? "" };
    const known = this.#known.get(key);
    if (known?.wanted === state.wanted && known.live === state.live) return known.change;
    const change = await this.#ask(child, live?.controllerUid === uid ? live : undefined);
    this.#known.set(key, { ...state, change });
    return change;
  }

  async #ask({ type, object }: Child, live: CachedChild | undefined): Promise<DryRunChange | undefined> {
    const { client } = this.#parts;
    const what = { kind: type.kind, name: object.metadata.name ?? "" };
    try {
      const onto = live === undefined ? "absent" : { uid: live.uid };
      const after = await client.apply<KubernetesObject>(type, object, { fieldManager, onto, dryRun: true });
      if (live === undefined) return { ...what, action: "Create" };
      const before = await client.get<KubernetesObject>(resourcePath(type, object.metadata));
      const applied = live.created ? withoutLeftOvers(after, fieldManager) : after;
      const fields = differences({ ...before, kind: type.kind }, { ...applied, kind: type.kind });
      if (fields.length === 0) return undefined;
      const replaces = fields.some((field) => field.startsWith("spec.template."));
      return { ...what, action: "Change", ...(replaces ? { pods: "Replaced" as const } : {}), fields };
    } catch (error) {
      const words = refusalOf(error, live);
      if (words === undefined) throw error;
      return { ...what, action: "Refused", fields: [printable(words, longestWords)] };
    }
  }
}

/** The status has place for so many. */
const most = 100;
const longestWords = 300;

function refusalOf(error: unknown, live: CachedChild | undefined): string | undefined {
  if (live === undefined && error instanceof ApiError && isConflict(error))
    return "an object of this name exists that the resource does not control";
  return refusedOf([error])[0];
}

/** What the operator writes into the spec itself. */
function defaultReplicas({ name, spec, defaultReplicas: written }: CachedResource): DryRunChange[] {
  const { min } = serverScaling(spec);
  if (spec.server.replicas !== undefined || written === min) return [];
  const fields = [`spec.server.replicas: ${written ?? "none"} -> ${min}`];
  return [{ kind: "CCTelegramDeployment", name, action: "Change", fields }];
}

const byName = (a: DryRunChange, b: DryRunChange) => {
  const [first, second] = [`${a.kind}/${a.name}`, `${b.kind}/${b.name}`];
  return first < second ? -1 : Number(first > second);
};
