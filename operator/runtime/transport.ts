import * as http from "node:http";
import * as https from "node:https";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import { urlToHttpOptions } from "node:url";
import type { KubeConfig } from "@kubernetes/client-node";

/** TLS material and headers, as currently given by the KubeConfig. */
type Credentials = {
  readonly tls: Pick<ConnectionOptions, (typeof tlsFields)[number]>;
  readonly headers: Readonly<Record<string, string>>;
};

/** Address of the API server, the agents to use, and the credentials. */
export type Connection = {
  readonly server: http.RequestOptions;
  readonly open: typeof http.request;
  readonly requests: http.Agent;
  readonly watches: http.Agent;
  readonly headers: Readonly<Record<string, string>>;
};

/** Tokens of pods live for an hour and are replaced well before; the KubeConfig caches file tokens for a minute. */
const credentialsMaxAgeMs = 60_000;

const tlsFields = ["ca", "cert", "key", "pfx", "passphrase", "servername", "rejectUnauthorized"] as const;

/** The API server closes idle connections after 90 s: ours are closed before that. */
const idleMs = 60_000;

/**
 * The connections to the API server. Requests and watches have agents of their own: a watch holds its connection
 * for minutes, and must not take it from requests. New certificates get new agents, the connections of the old ones end when
 * they are idle.
 *
 * @example
 * ```ts
 * const transport = new Transport(kubeConfig, 32);
 * const { server, headers } = await transport.connection();
 * transport.close();
 * ```
 */
export class Transport {
  readonly #kubeConfig: KubeConfig;
  readonly #url: URL;
  readonly #basePath: string;
  readonly #connections: number;
  #connection: Connection | undefined;
  #tls: Credentials["tls"] = {};
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Connection> | undefined;

  /** `connections` is the maximum number of concurrent requests, watches not counted. */
  constructor(kubeConfig: KubeConfig, connections: number) {
    const cluster = kubeConfig.getCurrentCluster();
    if (!cluster) throw new Error("the kubeconfig has no current cluster: set current-context, or KUBECONFIG");
    if (cluster.proxyUrl) throw new Error(`cluster ${cluster.name}: proxy-url is not supported`);
    this.#kubeConfig = kubeConfig;
    this.#url = new URL(cluster.server);
    this.#basePath = this.#url.pathname.replace(/\/+$/, "");
    this.#connections = connections;
  }

  /** The path of the API behind a proxy such as Rancher's: a prefix for every request. */
  get basePath(): string {
    return this.#basePath;
  }

  /** The agents and headers to use now. Usually available without waiting. */
  connection(): Connection | Promise<Connection> {
    if (this.#connection !== undefined && performance.now() - this.#readAt < credentialsMaxAgeMs) {
      return this.#connection;
    }
    return this.refresh();
  }

  /** Reads the credentials again: after a 401. */
  refresh(): Promise<Connection> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Aborts all requests in progress. */
  close(): void {
    this.#connection?.requests.destroy();
    this.#connection?.watches.destroy();
    this.#connection = undefined;
  }

  async #read(): Promise<Connection> {
    const { tls, headers } = await readCredentials(this.#kubeConfig);
    const current = this.#connection;
    this.#connection =
      current !== undefined && sameTls(tls, this.#tls) ? { ...current, headers } : this.#connect(tls, headers);
    this.#tls = tls;
    this.#readAt = performance.now();
    return this.#connection;
  }

  #connect(tls: Credentials["tls"], headers: Credentials["headers"]): Connection {
    const { protocol, hostname, port } = urlToHttpOptions(this.#url);
    const { Agent, request } = protocol === "https:" ? https : http;
    const { servername, rejectUnauthorized, ...material } = tls;
    const kept = {
      // One for all connections; otherwise each would create one.
      ...(protocol === "https:" ? { secureContext: createSecureContext(material) } : {}),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      keepAlive: true,
      keepAliveInitialDelay: 15_000,
      timeout: idleMs,
    };
    return {
      server: { protocol, hostname, port },
      open: request,
      requests: new Agent({ ...kept, maxSockets: this.#connections }),
      watches: new Agent(kept),
      headers,
    };
  }
}

async function readCredentials(kubeConfig: KubeConfig): Promise<Credentials> {
  const options: Record<string, unknown> & { headers?: Record<string, string>; auth?: string } = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const headers: Record<string, string> = { ...options.headers };
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  for (const name of Object.keys(headers)) headers[name] = String(headers[name]).trim();
  const tls = Object.fromEntries(
    tlsFields.flatMap((field) => (options[field] === undefined ? [] : [[field, options[field]]])),
  );
  return { tls, headers };
}

function sameTls(a: Credentials["tls"], b: Credentials["tls"]): boolean {
  return tlsFields.every((field) => {
    const [left, right] = [a[field], b[field]];
    return left instanceof Uint8Array && right instanceof Uint8Array
      ? Buffer.compare(left, right) === 0
      : left === right;
  });
}
