import { isConflict, isInvalid, isNotFound } from "./api-error.ts";
import type { ApplyOptions, Client } from "./client.ts";
import { controllerOf, type KubernetesObject } from "./kubernetes-object.ts";
import { Limiter } from "./limiter.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { appliedEntries, desiredFingerprint, owned } from "./owned-fields.ts";
import { ClaimedError, heldBy, NotOwnedError, unchangeable } from "./ownership.ts";
import { type ResourceType, resourcePath } from "./resource-type.ts";
import type { Stored } from "./store.ts";

/** What the cache knows of a live object: the fingerprint is that of `owned(object, fieldManager)`. */
export type LiveObject = {
  readonly uid: string;
  /** The uid of the owner that controls it; "" without one. */
  readonly controllerUid: string;
  readonly fingerprint: string;
  /** As `owned` says. */
  readonly created?: boolean | undefined;
};

export type Applied = { readonly written: boolean; readonly object?: KubernetesObject };

export type ApplierOptions = {
  readonly client: Client;
  readonly fieldManager: string;
  /** Annotation by which an object without a controller is handed over to the owner that it names. */
  readonly adoptionAnnotation: string;
  /** The label by which the cache finds our objects. */
  readonly managedLabel: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "applies">;
  /** How many applies of a type may run at a time. Default: no limit. */
  readonly limits?: ReadonlyMap<ResourceType, number>;
  /**
   * Types whose objects are sent as the server stores them, defaults included: they are created with POST, which costs the server
   * less than an apply. What a POST leaves out the server fills in, and counts as sent.
   */
  readonly creates?: readonly ResourceType[];
  /** Called with each object as the server answered it, so that a cache need not wait for its watch (Reflector.observe). */
  readonly onWritten?: (type: ResourceType, object: KubernetesObject) => void;
};

/** Objects whose stored form differs from the applied one, or that are not ours, are few: beyond this many, the oldest are forgotten. */
const mostRemembered = 10_000;

/**
 * Creates desired objects, and changes them with server-side apply: only those that differ from the live ones, and only objects that are ours.
 * An object is created only if none exists, and changed only while the controller that `desired` names controls it.
 *
 * @example
 * ```ts
 * const applier = new Applier({
 *   client,
 *   fieldManager: "example-operator",
 *   adoptionAnnotation: "example.io/adopt",
 *   managedLabel: { "app.kubernetes.io/managed-by": "example-operator" },
 *   logger,
 *   metrics,
 * });
 * const { written } = await applier.apply(deployments, deployment, undefined);
 * ```
 */
export class Applier {
  readonly #options: ApplierOptions;
  /** Per object: what was applied, and what the server stored instead. */
  readonly #settled = new Map<string, { readonly wanted: string; readonly stored: string }>();
  /** Objects of others: they are read before the next try, because a refused write still costs a write. */
  readonly #foreign = new Set<string>();
  readonly #limiters = new Map<ResourceType, Limiter>();

  constructor(options: ApplierOptions) {
    this.#options = options;
    for (const [type, most] of options.limits ?? []) this.#limiters.set(type, new Limiter(most));
    for (const outcome of ["written", "unchanged", "error"]) options.metrics.applies.inc({ outcome }, 0);
  }

  /**
   * Sends nothing when `live` already is as desired. Throws NotOwnedError when an object of that name belongs to
   * another owner, ClaimedError when one was just handed over and has to be read first, and what the client throws.
   * `beforeChange` runs before an object that is there is changed.
   */
  async apply(
    type: ResourceType,
    desired: KubernetesObject,
    live: LiveObject | undefined,
    beforeChange?: () => Promise<void>,
  ): Promise<Applied> {
    const wanted = desiredFingerprint(desired);
    const path = resourcePath(type, desired.metadata);
    const isOurs = live !== undefined && live.controllerUid === (controllerOf(desired)?.uid ?? "");
    if (isOurs && this.#isAsWanted(path, wanted, live.fingerprint)) {
      this.#options.metrics.applies.inc({ outcome: "unchanged" });
      return { written: false };
    }
    if (isOurs) await beforeChange?.();
    try {
      const write = () => this.#write(type, desired, live, isOurs);
      const object = await (this.#limiters.get(type)?.run(write) ?? write());
      this.#options.metrics.applies.inc({ outcome: "written" });
      this.#settle(path, wanted, object);
      return { written: true, object };
    } catch (error) {
      this.#options.metrics.applies.inc({ outcome: "error" });
      throw error;
    }
  }

  /** The live object is the owner's and as desired: an apply would change nothing. */
  isAsWanted(type: ResourceType, desired: KubernetesObject, live: LiveObject): boolean {
    const isOurs = live.controllerUid === (controllerOf(desired)?.uid ?? "");
    return (
      isOurs && this.#isAsWanted(resourcePath(type, desired.metadata), desiredFingerprint(desired), live.fingerprint)
    );
  }

  /** Deletes an object as it was seen: one that has changed since, or lost its owner, is not ours to delete. */
  async delete(type: ResourceType, { namespace, name, uid, resourceVersion }: Stored): Promise<void> {
    await this.#options.client.delete(type, namespace, name, { uid, resourceVersion });
  }

  #isAsWanted(path: string, wanted: string, live: string): boolean {
    if (live === wanted) return true;
    const settled = this.#settled.get(path);
    return settled?.wanted === wanted && settled.stored === live;
  }

  async #write(
    type: ResourceType,
    desired: KubernetesObject,
    live: LiveObject | undefined,
    isOurs: boolean,
  ): Promise<KubernetesObject> {
    try {
      if (live !== undefined && isOurs && !live.created) return await this.#send(type, desired, { uid: live.uid });
      const unseen = live === undefined && !this.#foreign.has(resourcePath(type, desired.metadata));
      if (unseen) return await this.#create(type, desired);
    } catch (error) {
      if (!isFailedPrecondition(error)) throw error;
    }
    return this.#writeAsFound(type, desired);
  }

  /** Reads the object from the server: the cache is behind, or contains only objects with our label. */
  async #writeAsFound(type: ResourceType, desired: KubernetesObject): Promise<KubernetesObject> {
    const path = resourcePath(type, desired.metadata);
    const found = await this.#read(path);
    this.#foreign.delete(path);
    if (found === undefined) return this.#create(type, desired);
    const { adoptionAnnotation } = this.#options;
    const holder = heldBy(found, controllerOf(desired), adoptionAnnotation);
    if (holder === "us") {
      await this.#countAsApplied(path, found);
      return this.#send(type, desired, { uid: found.metadata.uid ?? "" });
    }
    const obstacle = holder === "nobody, handed over" ? unchangeable(type, found, desired) : undefined;
    if (holder === "nobody, handed over" && obstacle === undefined) {
      await this.#claim(type, desired, found);
      throw new ClaimedError(type, desired);
    }
    remember(this.#foreign, path);
    throw new NotOwnedError(type, found, { heir: controllerOf(desired), adoptionAnnotation, obstacle });
  }

  /**
   * Writes only the owner and label that make the object ours. Its content, such as a key, is read before anything else is
   * written. Not by apply: that would remove what an earlier apply of ours wrote.
   */
  async #claim(type: ResourceType, desired: KubernetesObject, { metadata }: KubernetesObject): Promise<void> {
    const { client, fieldManager, managedLabel, onWritten } = this.#options;
    const { uid, resourceVersion, ownerReferences = [] } = metadata;
    const owners = [...ownerReferences, ...(desired.metadata.ownerReferences ?? [])];
    const claimed = await client.request({
      method: "PATCH",
      path: resourcePath(type, desired.metadata),
      query: { fieldManager },
      contentType: "application/merge-patch+json",
      body: { metadata: { uid, resourceVersion, labels: managedLabel, ownerReferences: owners } },
    });
    onWritten?.(type, claimed);
  }

  /** Without it an apply would leave behind what is no longer desired. */
  async #countAsApplied(path: string, found: KubernetesObject): Promise<void> {
    const { client, fieldManager } = this.#options;
    const managedFields = appliedEntries(found, fieldManager);
    if (managedFields === undefined) return;
    await client.request({
      method: "PATCH",
      path,
      query: { fieldManager },
      contentType: "application/json-patch+json",
      body: [
        { op: "replace", path: "/metadata/managedFields", value: managedFields },
        // A precondition: 409 if the object has changed since.
        { op: "replace", path: "/metadata/resourceVersion", value: found.metadata.resourceVersion },
      ],
    });
  }

  async #create(type: ResourceType, object: KubernetesObject): Promise<KubernetesObject> {
    const { client, fieldManager, creates = [], onWritten } = this.#options;
    if (!creates.includes(type)) return this.#send(type, object, "absent");
    const stored = await client.create(type, object, { fieldManager });
    onWritten?.(type, stored);
    return stored;
  }

  async #send(type: ResourceType, object: KubernetesObject, onto: ApplyOptions["onto"]): Promise<KubernetesObject> {
    const { client, fieldManager, onWritten } = this.#options;
    const stored = await client.apply(type, object, { fieldManager, ...(onto && { onto }) });
    onWritten?.(type, stored);
    return stored;
  }

  async #read(path: string): Promise<KubernetesObject | undefined> {
    try {
      return await this.#options.client.get(path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * A mutating webhook or another version of the server may store something else than was applied. Applying again
   * would change nothing, so that form counts as the desired one until it changes.
   */
  #settle(path: string, wanted: string, object: KubernetesObject): void {
    const stored = owned(object, this.#options.fieldManager).fingerprint;
    const known = this.#settled.get(path);
    this.#settled.delete(path);
    if (stored === wanted) return;
    this.#settled.set(path, { wanted, stored });
    if (this.#settled.size > mostRemembered) {
      const [oldest] = this.#settled.keys();
      if (oldest !== undefined) this.#settled.delete(oldest);
    }
    if (known?.wanted === wanted && known.stored === stored) return;
    this.#options.logger.debug({ path, wanted, stored }, "the server stores another form of what was applied");
  }
}

/** Another object has the name, or none has it: a wrong uid gives 422 if an object exists and 409 if none does. */
function isFailedPrecondition(error: unknown): boolean {
  return isConflict(error) || isInvalid(error, "metadata.uid");
}

function remember(paths: Set<string>, path: string): void {
  paths.add(path);
  if (paths.size <= mostRemembered) return;
  const [oldest] = paths;
  if (oldest !== undefined) paths.delete(oldest);
}
