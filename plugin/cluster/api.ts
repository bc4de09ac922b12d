import * as http from "node:http";
import * as https from "node:https";
import { urlToHttpOptions } from "node:url";
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiError } from "../../operator/runtime/api-error.ts";
import { exchange, openStream } from "../../operator/runtime/exchange.ts";
import type { KubernetesList, KubernetesObject } from "../../operator/runtime/kubernetes-object.ts";
import { pause, retryAfterMs } from "../../operator/runtime/retrying.ts";
import type { Connection } from "../../operator/runtime/transport.ts";
import { problems } from "../problems.ts";
import { explained } from "./refusals.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type ApiRequest = {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
};

export type ApiOptions = {
  readonly kubeConfig: KubeConfig;
  readonly userAgent: string;
  /** Ends requests and streams. */
  readonly signal: AbortSignal;
};

/** Of one request, until its answer is read; of a stream, until it begins. */
const timeoutMs = 30_000;

const uncounted = () => undefined;

/**
 * The Kubernetes API with what the kubeconfig says: certificates, tokens, programs that give them, and proxies. Errors are told in words for
 * whoever typed the command; those that a caller may want to handle are the `cause`.
 */
export class Api {
  readonly #options: ApiOptions;
  readonly #url: URL;
  #connection: Promise<Connection> | undefined;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#url = new URL(this.server);
  }

  get server(): string {
    return this.#options.kubeConfig.getCurrentCluster()?.server ?? "";
  }

  get user(): string {
    return this.#options.kubeConfig.getCurrentUser()?.name ?? "";
  }

  get<T = KubernetesObject>(path: string, query?: Query): Promise<T> {
    return this.request<T>({ method: "GET", path, query });
  }

  /** All items of a collection, in pages. */
  async list<T = KubernetesObject>(path: string, query: Query = {}): Promise<T[]> {
    const items: T[] = [];
    let token: string | undefined;
    do {
      const page = await this.get<KubernetesList<T>>(path, { limit: 500, ...query, continue: token });
      for (const item of page.items ?? []) items.push(item);
      token = page.metadata.continue || undefined;
    } while (token !== undefined);
    return items;
  }

  /** What the server turns away for a moment is sent again, as kubectl does. */
  async request<T = KubernetesObject>(request: ApiRequest): Promise<T> {
    return this.#explaining(async () => {
      for (let tries = 0; ; tries += 1) {
        try {
          return (await exchange(await this.#connect(), this.#exchangeOf(request), timeoutMs, uncounted)) as T;
        } catch (error) {
          const mayRepeat = request.method === "GET";
          const waitMs = error instanceof ApiError ? retryAfterMs(error, { tries, mayRepeat }) : undefined;
          if (waitMs === undefined) throw error;
          await pause(waitMs, this.#options.signal);
          this.#options.signal.throwIfAborted();
        }
      }
    });
  }

  /** The body as it comes, such as a log that goes on. */
  stream(path: string, query: Query, signal = this.#options.signal): Promise<AsyncIterable<Uint8Array>> {
    return this.#explaining(async () => {
      const call = { ...this.#exchangeOf({ method: "GET", path, query }), signal };
      return openStream(
        await this.#connect(),
        { ...call, headers: { ...call.headers, accept: "*/*" } },
        timeoutMs,
        uncounted,
      );
    });
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    connection?.requests.destroy();
  }

  #exchangeOf({ method, path, query, body, contentType = "application/json" }: ApiRequest) {
    const basePath = this.#url.pathname.replace(/\/+$/, "");
    return {
      method,
      path,
      target: basePath + path + queryText(query),
      headers: {
        accept: "application/json",
        "user-agent": this.#options.userAgent,
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: this.#options.signal,
    };
  }

  async #explaining<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (this.#options.signal.aborted) throw problems.interrupted();
      throw explained(error, this);
    }
  }

  #connect(): Promise<Connection> {
    this.#connection ??= this.#credentials();
    return this.#connection;
  }

  async #credentials(): Promise<Connection> {
    const options: https.RequestOptions = {};
    try {
      await this.#options.kubeConfig.applyToHTTPSOptions(options);
    } catch (error) {
      throw problems.credentialsFailed((error as Error).message.trim());
    }
    const { protocol, hostname, port } = urlToHttpOptions(this.#url);
    const agent = options.agent as http.Agent;
    const authorization = options.auth
      ? { authorization: `Basic ${Buffer.from(options.auth).toString("base64")}` }
      : {};
    return {
      server: { protocol, hostname, port },
      open: protocol === "https:" ? https.request : http.request,
      requests: agent,
      watches: agent,
      headers: { ...(options.headers as Record<string, string> | undefined), ...authorization },
    };
  }
}

function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}
