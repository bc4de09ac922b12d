import type { Client } from "./client.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { ResourceType } from "./resource-type.ts";

/** What the cache knows of a live object: `fingerprint(ownedFields(object, fieldManager))`. */
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
};

/** Writes desired objects with server-side apply, and only those that differ from what lives. */
export class Applier {
  constructor(_options: ApplierOptions) {}

  apply(
    _type: ResourceType,
    _desired: KubernetesObject,
    _live: LiveObject | undefined,
    _options: { readonly subresource?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Applied> {
    throw new Error("not yet");
  }
}
