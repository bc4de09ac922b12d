import { ApiError, isNotFound } from "../../runtime/api-error.ts";
import type { Client } from "../../runtime/client.ts";
import type { EventRecorder } from "../../runtime/event-recorder.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { quantityValue } from "../../runtime/quantity.ts";
import { resourcePath } from "../../runtime/resource-type.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import { fieldManager, namesOf } from "../names.ts";
import { regarding } from "../regarding.ts";
import { persistentVolumeClaims } from "../resource-types.ts";
import { type ClaimState, type GrowthStep, growthStep, isSuspicious, type VolumeUse } from "./growth.ts";

/** What there is to tell of a volume; `isAsked`: its size was raised, so it need not be nearly full. */
export type VolumeTrouble = { readonly cause: string; readonly isAsked: boolean };

export type VolumeLook = {
  readonly trouble?: VolumeTrouble;
  readonly failures: readonly unknown[];
  readonly lookAgainMs?: number;
};

export type VolumesParts = {
  readonly client: Pick<Client, "request">;
  readonly recorder: Pick<EventRecorder, "record">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** What is known of one claim. */
type Known = {
  readonly at: number;
  readonly resourceVersion: string;
  readonly claim: ClaimState;
  /** The size that was refused last, and why. */
  readonly refused?: { readonly to: string; readonly cause: string; readonly at: number };
};

type Subject = {
  /** What the template of the claim asks for; undefined before there is one. */
  readonly templateSize: string | undefined;
  readonly use: VolumeUse | undefined;
  readonly mayWrite: boolean;
};

/** A claim is read again after that long, and a refused growth tried again. */
const knownMs = 600_000;
const nothing: VolumeLook = { failures: [] };

/**
 * Grows the volumes of queues. Nothing is asked of the API server while a volume is as large as it should be and not nearly
 * full. Whether its class can grow is not looked up, since that takes rights in the whole cluster: the refusal says it.
 */
export class Volumes {
  readonly #parts: VolumesParts;
  readonly #known = new Map<string, Known>();
  /** How large the file system was that the bridge told of last; infinite while it does not answer. */
  readonly #sizes = new Map<string, number>();

  constructor(parts: VolumesParts) {
    this.#parts = parts;
  }

  forget(uid: string): void {
    this.#known.delete(uid);
    this.#sizes.delete(uid);
  }

  async look(resource: CachedResource, subject: Subject): Promise<VolumeLook> {
    const { storage } = resource.spec.bridge;
    this.#notice(resource, subject);
    if (subject.templateSize === undefined || !this.#concerns(resource, subject)) return nothing;
    try {
      const known = await this.#read(resource);
      if (known === undefined) return nothing;
      const step = growthStep(storage, known.claim, subject.use);
      const trouble = await this.#take(resource, known, step, subject.mayWrite);
      return { failures: [], lookAgainMs: knownMs, ...(trouble && { trouble }) };
    } catch (error) {
      const cause = refusalOf(error);
      if (cause === undefined) return { failures: [error] };
      // Whether it was asked to grow is in the claim, which cannot be read.
      const isAsked = subject.use === undefined || !isSuspicious(subject.use, storage);
      return { failures: [], lookAgainMs: knownMs, trouble: { cause, isAsked } };
    }
  }

  /** A volume never shrinks: a smaller one is another one, as may be that of a bridge that did not answer. */
  #notice({ uid }: CachedResource, { use }: Subject): void {
    const size = use?.sizeBytes ?? Number.POSITIVE_INFINITY;
    if (size < (this.#sizes.get(uid) ?? 0)) this.#known.delete(uid);
    this.#sizes.set(uid, size);
  }

  #concerns({ uid, spec }: CachedResource, { templateSize = "0", use }: Subject): boolean {
    const { storage } = spec.bridge;
    if (use !== undefined && isSuspicious(use, storage)) return true;
    const { request = templateSize, capacity = request } = this.#known.get(uid)?.claim ?? {};
    const had = quantityValue(capacity);
    return had < quantityValue(request) || had < quantityValue(String(storage.size));
  }

  async #read(resource: CachedResource): Promise<Known | undefined> {
    const before = this.#known.get(resource.uid);
    if (before !== undefined && this.#isRecent(before.at)) return before;
    try {
      return this.#keep(resource, await this.#parts.client.request({ method: "GET", path: pathOf(resource) }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** What a clock that was ahead has noted is not recent: it would hold for as long as the clock was ahead. */
  #isRecent(at: number): boolean {
    const age = this.#parts.now() - at;
    return age >= 0 && age < knownMs;
  }

  async #take(
    resource: CachedResource,
    known: Known,
    step: GrowthStep,
    mayWrite: boolean,
  ): Promise<VolumeTrouble | undefined> {
    if (step.step === "Tell") return { cause: step.cause, isAsked: step.isAsked };
    if (step.step === "Nothing" || !mayWrite) return undefined;
    const { to, isAsked } = step;
    const { refused } = known;
    if (refused?.to === to && this.#isRecent(refused.at)) return { cause: refused.cause, isAsked };
    try {
      await this.#grow(resource, known, to);
      return undefined;
    } catch (error) {
      const cause = refusalOf(error);
      if (cause === undefined) throw error;
      this.#known.set(resource.uid, { ...known, refused: { to, cause, at: this.#parts.now() } });
      return { cause, isAsked };
    }
  }

  async #grow(resource: CachedResource, { resourceVersion }: Known, to: string): Promise<void> {
    // Another may just have made it larger still: then this is a conflict, and the next look reads it.
    const body = { metadata: { resourceVersion }, spec: { resources: { requests: { storage: to } } } };
    const contentType = "application/merge-patch+json";
    const query = { fieldManager };
    try {
      const written = { method: "PATCH", path: pathOf(resource), query, contentType, body } as const;
      this.#keep(resource, await this.#parts.client.request(written));
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) this.#known.delete(resource.uid);
      throw error;
    }
    const message = `the volume of the queue was asked to grow to ${to}`;
    this.#parts.recorder.record(regarding(resource), { type: "Normal", reason: "VolumeGrown", message });
  }

  #keep({ uid }: CachedResource, object: KubernetesObject): Known {
    const { resourceVersion = "" } = object.metadata;
    const known = { at: this.#parts.now(), resourceVersion, claim: claimOf(object) };
    this.#known.set(uid, known);
    return known;
  }
}

const pathOf = ({ namespace, name }: CachedResource) =>
  resourcePath(persistentVolumeClaims, { namespace, name: `queue-${namesOf(name).bridge}-0` });

type Claim = {
  readonly spec?: { readonly resources?: { readonly requests?: { readonly storage?: string } } };
  readonly status?: {
    readonly capacity?: { readonly storage?: string };
    readonly allocatedResourceStatuses?: { readonly storage?: string };
  };
};

function claimOf(object: KubernetesObject): ClaimState {
  const { spec, status } = object as unknown as Claim;
  const request = spec?.resources?.requests?.storage ?? "0";
  const failed = /Infeasible$/.test(status?.allocatedResourceStatuses?.storage ?? "");
  return { request, capacity: status?.capacity?.storage ?? request, failed };
}

/** Why the API server refuses; undefined for an error that may pass. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof ApiError) || ![403, 422].includes(error.status)) return undefined;
  if (/cannot (get|patch) resource/.test(error.message))
    return "the operator may not grow volumes: its role lacks get and patch of persistentvolumeclaims, which its chart grants";
  if (error.message.includes("storageclass"))
    return "its class cannot grow volumes: set allowVolumeExpansion in the StorageClass if its driver can, or make a new volume (docs/scaling.md)";
  return `the API server refuses to grow it: ${error.message.replace(/^.*? failed: \d+ \w+: /, "")}`;
}
