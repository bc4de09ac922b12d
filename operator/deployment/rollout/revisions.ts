import { isConflict, isNotFound } from "../../runtime/api-error.ts";
import type { Client } from "../../runtime/client.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { ownedFields } from "../../runtime/owned-fields.ts";
import { type ResourceType, resourcePath } from "../../runtime/resource-type.ts";
import { type Blueprint, metadataOf } from "../blueprint.ts";
import { fieldManager } from "../names.ts";
import { controllerRevisions } from "../resource-types.ts";
import { hashOf, revisionIn, type Template } from "./template.ts";
import { revisionName } from "./tracks.ts";

type Place = Pick<Blueprint, "namespace" | "name">;

/** Templates are some KiB each, and few are needed at a time. */
const mostRemembered = 200;

/**
 * Keeps the templates of former revisions as ControllerRevisions. They are written when a template is replaced, not before: a resource
 * that never changes has none. ReplicaSets would go with their Deployment, and contain what others have injected.
 */
export class Revisions {
  readonly #client: Pick<Client, "get" | "request" | "delete">;
  readonly #known = new Map<string, Template>();

  constructor(client: Pick<Client, "get" | "request" | "delete">) {
    this.#client = client;
  }

  /** A kept template; undefined if somebody has deleted it. */
  async template(place: Place, template: string): Promise<Template | undefined> {
    const path = resourcePath(controllerRevisions, {
      namespace: place.namespace,
      name: revisionName(place.name, template),
    });
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const kept = await this.#read<{ data?: { spec?: { template?: Template } } }>(path);
    const found = kept?.data?.spec?.template;
    // Somebody may have made an object of this name before us.
    if (found === undefined || hashOf(found) !== template) return undefined;
    this.#remember(path, found);
    return found;
  }

  /** The template that was applied to a Deployment or StatefulSet; undefined if it is not there. */
  async applied(type: ResourceType, namespace: string, name: string): Promise<Template | undefined> {
    const workload = await this.#read<KubernetesObject>(resourcePath(type, { namespace, name }));
    const owned = workload && (ownedFields(workload, fieldManager) as { spec?: { template?: Template } } | undefined);
    return owned?.spec?.template && revisionIn(owned.spec.template);
  }

  /** Keeps a template, unless it is kept already. */
  async keep(blueprint: Blueprint, hash: string, template: Template, revision: number): Promise<void> {
    const { namespace } = blueprint;
    const name = revisionName(blueprint.name, hash);
    const body = {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: metadataOf(blueprint, name, "mcp-server"),
      revision,
      data: { spec: { template } },
    };
    try {
      const path = resourcePath(controllerRevisions, { namespace });
      await this.#client.request({ method: "POST", path, query: { fieldManager }, body });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  async forget(place: Place, hash: string): Promise<void> {
    const name = revisionName(place.name, hash);
    this.#known.delete(resourcePath(controllerRevisions, { namespace: place.namespace, name }));
    await this.#client.delete(controllerRevisions, place.namespace, name);
  }

  async #read<T>(path: string): Promise<T | undefined> {
    try {
      return await this.#client.get<T>(path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #remember(path: string, template: Template): void {
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(path, template);
  }
}
