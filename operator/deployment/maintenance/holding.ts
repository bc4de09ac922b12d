import type { Applier } from "../../runtime/applier.ts";
import type { Client } from "../../runtime/client.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { desiredFields, desiredFingerprint, owned } from "../../runtime/owned-fields.ts";
import { resourcePath } from "../../runtime/resource-type.ts";
import type { Child } from "../blueprint.ts";
import type { CachedChild } from "../cache/cached-objects.ts";
import { fieldManager } from "../names.ts";
import { heldTemplate, type PodTemplate } from "./template.ts";

type Parts = { readonly client: Pick<Client, "get">; readonly applier: Pick<Applier, "isAsWanted"> };

/** What is written of a workload while its pods may not be replaced. */
type Held = { readonly wanted: string; readonly live: string; readonly template: PodTemplate | undefined };

/** Keeps changes that replace pods back. */
export class Holding {
  readonly #parts: Parts;
  /** What was found out, by resource and type of the workload: as long as nothing changes, nothing is read again. */
  readonly #held = new Map<string, Held>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The child to write now. `waits` when a part of it has to wait. Pods that do not serve are replaced at any time. */
  async hold(child: Child, live: CachedChild | undefined): Promise<{ readonly child: Child; readonly waits: boolean }> {
    const isServing = (live?.state.workload?.ready ?? 0) > 0;
    if (live === undefined || !isServing || this.#parts.applier.isAsWanted(child.type, child.object, live)) {
      if (live) this.#held.delete(keyOf(child, live));
      return { child, waits: false };
    }
    const template = await this.#template(child, live);
    if (template === undefined) return { child, waits: false };
    const spec = { ...(child.object.spec as object), template };
    return { child: { ...child, object: { ...child.object, spec } }, waits: true };
  }

  /** The resource is gone. */
  forget(resource: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${resource}/`)) this.#held.delete(key);
  }

  async #template(child: Child, live: CachedChild): Promise<PodTemplate | undefined> {
    const { type, object } = child;
    const wanted = desiredFingerprint(object);
    const known = this.#held.get(keyOf(child, live));
    if (known?.wanted === wanted && known.live === live.fingerprint) return known.template;
    const found = await this.#parts.client.get<KubernetesObject>(resourcePath(type, object.metadata));
    const { fields, fingerprint } = owned(found, fieldManager);
    const template = heldTemplate(templateIn(fields), templateIn(desiredFields(object)));
    this.#held.set(keyOf(child, live), { wanted, live: fingerprint, template });
    return template;
  }
}

const keyOf = ({ type }: Child, live: CachedChild) => `${live.controllerUid}/${type.plural}`;

const templateIn = (fields: unknown) =>
  (fields as { readonly spec?: { readonly template?: PodTemplate } } | undefined)?.spec?.template ?? {};
