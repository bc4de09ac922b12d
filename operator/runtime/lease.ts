import { isNotFound } from "./api-error.ts";
import type { Client } from "./client.ts";
import type { KubernetesObject, ObjectMeta } from "./kubernetes-object.ts";
import { type ResourceType, resourcePath } from "./resource-type.ts";

export const leaseType: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** The content of a coordination.k8s.io/v1 Lease. */
export type LeaseSpec = {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  /** MicroTime: RFC 3339 with six digits of fraction. */
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
};

export type Lease = KubernetesObject & { metadata: ObjectMeta; spec: LeaseSpec };

/** What a Lease says of its holder, for others that look at Leases. */
export type LeaseMarks = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

/**
 * Reads and writes one Lease. Each write is guarded by the resourceVersion of what was read.
 *
 * @example
 * ```ts
 * const store = new LeaseStore(client, "default", "example-operator", { labels: {}, annotations: {} });
 * const lease = (await store.read(signal)) ?? (await store.create({ holderIdentity: "" }, signal));
 * await store.update(lease, { ...lease.spec, renewTime: microTime(clock.now()) }, signal);
 * ```
 */
export class LeaseStore {
  readonly #client: Client;
  readonly #namespace: string;
  readonly #name: string;
  readonly #marks: LeaseMarks;

  constructor(client: Client, namespace: string, name: string, marks: LeaseMarks) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
    this.#marks = marks;
  }

  async read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      const lease = await this.#client.request<Lease>({
        method: "GET",
        path: this.#path(),
        signal,
      });
      return { ...lease, spec: lease.spec ?? {} };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    const path = resourcePath(leaseType, { namespace: this.#namespace });
    const body = this.#marked({ metadata: { namespace: this.#namespace, name: this.#name }, spec });
    return this.#client.request<Lease>({ method: "POST", path, body, signal });
  }

  update(lease: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    const body = this.#marked({ ...lease, spec });
    return this.#client.request<Lease>({ method: "PUT", path: this.#path(), body, signal });
  }

  #marked(lease: Lease): Lease {
    const { labels, annotations } = this.#marks;
    const metadata = {
      ...lease.metadata,
      labels: { ...lease.metadata.labels, ...labels },
      annotations: { ...lease.metadata.annotations, ...annotations },
    };
    return { ...lease, apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata };
  }

  #path(): string {
    return resourcePath(leaseType, { namespace: this.#namespace, name: this.#name });
  }
}

/**
 * A time in the form of MicroTime.
 *
 * @example
 * ```ts
 * microTime(0); // => 1970-01-01T00:00:00.000000Z
 * ```
 */
export function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}
