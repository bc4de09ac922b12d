import type { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject, WatchEvent } from "./kubernetes-object.ts";
import type { Metrics } from "./metrics.ts";
import type { ResourceType } from "./resource-type.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type ClientRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  /** Default application/json. */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** For the whole request, waiting for a connection included. */
  readonly timeoutMs?: number;
};

export type ApplyOptions = {
  readonly fieldManager: string;
  readonly subresource?: string;
  /** Takes fields from other managers instead of failing with a conflict. Default true. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
};

export type Preconditions = { readonly uid?: string; readonly resourceVersion?: string };

/** A thin client of the Kubernetes API. Throws `ApiError` on an error answer, `ConnectionError` on none. */
export type Client = {
  get<T = KubernetesObject>(path: string, query?: Query): Promise<T>;
  /** All items of a collection, in pages. */
  list<T = KubernetesObject>(path: string, query?: Query): Promise<T[]>;
  request<T = KubernetesObject>(request: ClientRequest): Promise<T>;
  /** Ends when the server ends the watch; throws when it breaks. Reads no faster than it is consumed. */
  watch(path: string, query: Query, signal: AbortSignal, accept?: string): AsyncIterable<WatchEvent>;
  /** Server-side apply. The object's metadata says name and namespace. */
  apply<T = KubernetesObject>(type: ResourceType, object: KubernetesObject, options: ApplyOptions): Promise<T>;
  /** Deletes in the background; an object that is already gone is a success. */
  delete(type: ResourceType, namespace: string, name: string, preconditions?: Preconditions): Promise<void>;
};

export type ClientOptions = {
  readonly kubeConfig: KubeConfig;
  readonly userAgent: string;
  readonly metrics?: Pick<Metrics, "restClientRequests">;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  /** Connections for requests, watches not counted. Default 32. */
  readonly connections?: number;
};

export function createClient(_options: ClientOptions): Client & { close(): Promise<void> } {
  throw new Error("not yet");
}
