import { ApiError, isNotFound } from "./api-error.ts";
import type { Client } from "./client.ts";
import { controllerOf, type KubernetesObject } from "./kubernetes-object.ts";
import { Limiter } from "./limiter.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { desiredFingerprint, owned } from "./owned-fields.ts";
import { type ResourceType, resourcePath } from "./resource-type.ts";

/** What the cache knows of a live object: the fingerprint is that of `owned(object, fieldManager)`. */
export type LiveObject = { readonly fingerprint: string; readonly resourceVersion: string };

export type Applied = { readonly written: boolean; readonly object?: KubernetesObject };

/** The object belongs to another controller; applying ours would be a fight over it. */
export class NotOwnedError extends Error {
  override readonly name = "NotOwnedError";
}

export type ApplierOptions = {
  readonly client: Client;
  readonly fieldManager: string;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "applies">;
  /** How many applies of a type may be under way at a time. Default: no limit. */
  readonly limits?: ReadonlyMap<ResourceType, number>;
  /** Told of each object as the server answered it, so that a cache need not wait for its watch (Reflector.observe). */
  readonly onWritten?: (type: ResourceType, object: KubernetesObject) => void;
};

/** Objects whose stored form differs from the applied one are few: the oldest go beyond this many. */
const mostSettled = 10_000;

/** Writes desired objects with server-side apply, and only those that differ from what lives. */
export class Applier {
  readonly #options: ApplierOptions;
  /** Per object: what was wanted, and what the server made of it for good. */
  readonly #settled = new Map<string, { readonly wanted: string; readonly stored: string }>();

  readonly #limiters = new Map<ResourceType, Limiter>();

  constructor(options: ApplierOptions) {
    this.#options = options;
    for (const [type, most] of options.limits ?? []) this.#limiters.set(type, new Limiter(most));
    for (const outcome of ["written", "unchanged", "error"]) options.metrics.applies.inc({ outcome }, 0);
  }

  /**
   * Sends nothing when `live` already is as desired. Throws NotOwnedError when `desired` names a controller and
   * the live object has another one, and what the client throws.
   */
  async apply(type: ResourceType, desired: KubernetesObject, live: LiveObject | undefined): Promise<Applied> {
    const wanted = desiredFingerprint(desired);
    const path = resourcePath(type, desired.metadata);
    if (live !== undefined && this.#isAsWanted(path, wanted, live.fingerprint)) {
      this.#options.metrics.applies.inc({ outcome: "unchanged" });
      return { written: false };
    }
    try {
      const send = () => this.#send(type, desired);
      const object = await (this.#limiters.get(type)?.run(send) ?? send());
      this.#options.metrics.applies.inc({ outcome: "written" });
      this.#settle(path, wanted, object);
      this.#options.onWritten?.(type, object);
      return { written: true, object };
    } catch (error) {
      this.#options.metrics.applies.inc({ outcome: "error" });
      throw error;
    }
  }

  #isAsWanted(path: string, wanted: string, live: string): boolean {
    if (live === wanted) return true;
    const settled = this.#settled.get(path);
    return settled?.wanted === wanted && settled.stored === live;
  }

  async #send(type: ResourceType, desired: KubernetesObject): Promise<KubernetesObject> {
    const { client, fieldManager } = this.#options;
    try {
      return await client.apply(type, desired, { fieldManager });
    } catch (error) {
      if (error instanceof ApiError && error.status === 422) await this.#rejectForeign(type, desired, error);
      throw error;
    }
  }

  /** The server refuses a second controller reference with 422: says whose the object is instead. */
  async #rejectForeign(type: ResourceType, desired: KubernetesObject, cause: ApiError): Promise<void> {
    const ours = controllerOf(desired);
    if (ours === undefined) return;
    const owner = await this.#controllerOfLive(type, desired);
    if (owner === undefined || owner.uid === ours.uid) return;
    const { name, namespace } = desired.metadata;
    throw new NotOwnedError(
      `${type.kind} ${namespace ? `${namespace}/` : ""}${name} is controlled by ${owner.kind} ${owner.name}: ` +
        "delete or rename one of the two",
      { cause },
    );
  }

  async #controllerOfLive(type: ResourceType, desired: KubernetesObject) {
    try {
      return controllerOf(await this.#options.client.get(resourcePath(type, desired.metadata)));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * A mutating webhook or another version of the server may store something else than was applied. Applying again
   * would change nothing, so that form counts as the wanted one until it changes.
   */
  #settle(path: string, wanted: string, object: KubernetesObject): void {
    const stored = owned(object, this.#options.fieldManager).fingerprint;
    const known = this.#settled.get(path);
    this.#settled.delete(path);
    if (stored === wanted) return;
    this.#settled.set(path, { wanted, stored });
    if (this.#settled.size > mostSettled) {
      const [oldest] = this.#settled.keys();
      if (oldest !== undefined) this.#settled.delete(oldest);
    }
    if (known?.wanted === wanted && known.stored === stored) return;
    this.#options.logger.debug({ path, wanted, stored }, "the server stores another form of what was applied");
  }
}
