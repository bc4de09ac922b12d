import type { KubeConfig } from "@kubernetes/client-node";
import { ApiError, ConnectionError, isGone, isNotFound } from "./api-error.ts";
import { type Exchange, exchange, openStream } from "./exchange.ts";
import type { KubernetesList, KubernetesObject, WatchEvent } from "./kubernetes-object.ts";
import type { Metrics } from "./metrics.ts";
import { apiVersionOf, type ResourceType, resourcePath } from "./resource-type.ts";
import { pause, retryAfterMs } from "./retrying.ts";
import { Transport } from "./transport.ts";
import { watchEvents } from "./watch-stream.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type ClientRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string | undefined;
  /** Default application/json. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Timeout of one try, including the wait for a connection. Default: that of the client. */
  readonly timeoutMs?: number | undefined;
};

export type ApplyOptions = {
  readonly fieldManager: string;
  readonly subresource?: string | undefined;
  /**
   * The precondition that the API server checks in the same request. "absent" creates, and fails with 409 when
   * the object exists; a uid writes only to the object with this uid. Default: none.
   */
  readonly onto?: "absent" | { readonly uid: string };
  /** The server answers what it would store, and stores nothing. Default false. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
};

type CreateOptions = Pick<ApplyOptions, "fieldManager" | "signal">;

type Preconditions = { readonly uid?: string; readonly resourceVersion?: string };

/** A thin client of the Kubernetes API. Throws `ApiError` on an error answer, `ConnectionError` on none. */
export type Client = {
  get<T = KubernetesObject>(path: string, query?: Query): Promise<T>;
  /** All items of a collection, in pages. */
  list<T = KubernetesObject>(path: string, query?: Query): Promise<T[]>;
  /**
   * One request. After an answer 429, or 503 with Retry-After, it waits and tries again, at most three times; if the connection
   * broke, it repeats once a request without side effects, or one that may be repeated.
   */
  request<T = KubernetesObject>(request: ClientRequest): Promise<T>;
  /** Ends when the server ends the watch; throws when it breaks. Reads no faster than it is consumed. */
  watch(path: string, query: Query, signal: AbortSignal, accept?: string): AsyncIterable<WatchEvent>;
  /** Creates an object with POST; fails with 409 when it exists. It costs the server less than an apply. */
  create<T = KubernetesObject>(type: ResourceType, object: KubernetesObject, options: CreateOptions): Promise<T>;
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

const applyPatch = "application/apply-patch+yaml";

/**
 * Connects on first use. Throws when the kubeconfig names no cluster.
 *
 * @example
 * ```ts
 * const client = createClient({ kubeConfig, userAgent: "example-operator/1.0", metrics });
 * const pods = await client.list("/api/v1/namespaces/default/pods", { labelSelector: "app=example" });
 * client.close();
 * ```
 */
export function createClient(options: ClientOptions): Client & { close(): void } {
  return new RestClient(options);
}

class RestClient implements Client {
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#transport = new Transport(options.kubeConfig, options.connections ?? 32);
  }

  get<T>(path: string, query?: Query): Promise<T> {
    return this.request<T>({ method: "GET", path, query });
  }

  async list<T>(path: string, query: Query = {}): Promise<T[]> {
    const items: T[] = [];
    let token: string | undefined;
    do {
      const page = await this.get<KubernetesList<T>>(path, { limit: 500, ...query, continue: token });
      // One by one: a spread of a large page would overflow the stack.
      for (const item of page.items ?? []) items.push(item);
      token = page.metadata.continue || undefined;
    } while (token !== undefined);
    return items;
  }

  async request<T>(request: ClientRequest): Promise<T> {
    const call = this.#exchangeOf(request);
    const deadline = request.timeoutMs ?? this.#timeoutMs;
    for (let tries = 0; ; tries += 1) {
      try {
        return (await exchange(await this.#transport.connection(), call, deadline, this.#count)) as T;
      } catch (error) {
        const waitMs = await this.#waitBeforeRetry(error, request, tries);
        if (waitMs === undefined) throw error;
        if (waitMs > 0) await pause(waitMs, request.signal);
        request.signal?.throwIfAborted();
      }
    }
  }

  async *watch(path: string, query: Query, signal: AbortSignal, accept?: string): AsyncGenerator<WatchEvent> {
    const call = this.#exchangeOf({ method: "GET", path, query: { ...query, watch: true }, accept, signal });
    let body: AsyncIterable<Uint8Array>;
    try {
      body = await openStream(await this.#transport.connection(), call, this.#timeoutMs, this.#count);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) await this.#transport.refresh();
      throw error;
    }
    yield* watchEvents(body);
  }

  apply<T>(type: ResourceType, desired: KubernetesObject, options: ApplyOptions): Promise<T> {
    const object = preconditioned(desired, options.onto);
    const { name, namespace } = object.metadata;
    if (!name) throw new Error(`cannot apply a ${type.kind} without metadata.name`);
    return this.request<T>({
      method: "PATCH",
      path: resourcePath(type, { namespace, name, subresource: options.subresource }),
      query: {
        fieldManager: options.fieldManager,
        force: true,
        fieldValidation,
        dryRun: options.dryRun ? "All" : undefined,
      },
      contentType: applyPatch,
      body: withKind(type, object),
      signal: options.signal,
    });
  }

  create<T>(type: ResourceType, object: KubernetesObject, { fieldManager, signal }: CreateOptions): Promise<T> {
    return this.request<T>({
      method: "POST",
      path: resourcePath(type, { namespace: object.metadata.namespace }),
      query: { fieldManager, fieldValidation },
      body: withKind(type, object),
      signal,
    });
  }

  async delete(type: ResourceType, namespace: string, name: string, preconditions?: Preconditions): Promise<void> {
    const body = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background", preconditions };
    try {
      await this.request({ method: "DELETE", path: resourcePath(type, { namespace, name }), body });
    } catch (error) {
      if (!isNotFound(error) && !isGone(error)) throw error;
    }
  }

  close(): void {
    this.#transport.close();
  }

  readonly #count = (method: string, code: string): void => {
    this.#options.metrics?.restClientRequests.inc({ method, code });
  };

  #exchangeOf(request: ClientRequest): Exchange {
    const { method, path, body } = request;
    const headers: Record<string, string> = {
      accept: request.accept ?? "application/json",
      "user-agent": this.#options.userAgent,
    };
    if (body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    return {
      method,
      path,
      target: this.#transport.basePath + path + queryString(request.query),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: request.signal,
    };
  }

  /** Milliseconds after which the request is sent again, or undefined when it is not. */
  async #waitBeforeRetry(error: unknown, request: ClientRequest, tries: number): Promise<number | undefined> {
    if (error instanceof ConnectionError) {
      return tries === 0 && isBrokenConnection(error) && mayRepeat(request) ? 0 : undefined;
    }
    if (!(error instanceof ApiError)) return undefined;
    if (error.status === 401 && tries === 0) {
      await this.#transport.refresh();
      return 0;
    }
    return retryAfterMs(error, { tries, mayRepeat: mayRepeat(request) });
  }
}

/**
 * The server compares these two with what is stored (patch.go, applyPatcher) and does not store them. No object ever has
 * the version 1, which is that of an empty etcd: with it an apply can only create.
 */
function preconditioned(object: KubernetesObject, onto: ApplyOptions["onto"]): KubernetesObject {
  if (onto === undefined) return object;
  const precondition = onto === "absent" ? { resourceVersion: "1" } : { uid: onto.uid };
  return { ...object, metadata: { ...object.metadata, ...precondition } };
}

/** Nobody would read the warnings, and the server parses the body a second time for them. */
const fieldValidation = "Ignore";

const withKind = (type: ResourceType, object: KubernetesObject): KubernetesObject =>
  object.kind === undefined ? { apiVersion: apiVersionOf(type), kind: type.kind, ...object } : object;

/** Repeating it leads to the same state: apply does, and a PUT is guarded by its resourceVersion. */
function mayRepeat({ method, contentType }: ClientRequest): boolean {
  return method === "GET" || method === "PUT" || method === "DELETE" || contentType === applyPatch;
}

/** A kept-alive connection that the server had closed in the meantime, typically. */
function isBrokenConnection(error: ConnectionError): boolean {
  return error.code === "ECONNRESET" || error.code === "EPIPE";
}

function queryString(query: Query | undefined): string {
  if (query === undefined) return "";
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}
