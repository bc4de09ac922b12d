import type { KubeConfig } from "@kubernetes/client-node";
import { Pool } from "undici";

/** TLS material and headers, as the KubeConfig gives them now. */
type Credentials = {
  readonly tls: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
};

export type Connection = {
  readonly requests: Pool;
  readonly watches: Pool;
  readonly headers: Readonly<Record<string, string>>;
};

/** Tokens of pods live for an hour and are replaced well before; the KubeConfig caches file tokens for a minute. */
const credentialsMaxAgeMs = 60_000;

const tlsFields = ["ca", "cert", "key", "pfx", "passphrase", "servername", "rejectUnauthorized"] as const;

/**
 * The connections to the API server. Requests and watches have pools of their own: a watch holds its connection
 * for minutes, and must not take it from requests. New certificates get new pools, the old ones run dry.
 */
export class Transport {
  readonly #kubeConfig: KubeConfig;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #limits: { readonly connections: number; readonly connectTimeoutMs: number };
  #connection: Connection | undefined;
  #tls: Credentials["tls"] = {};
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Connection> | undefined;

  constructor(kubeConfig: KubeConfig, limits: { readonly connections: number; readonly connectTimeoutMs: number }) {
    const cluster = kubeConfig.getCurrentCluster();
    if (!cluster) throw new Error("the kubeconfig has no current cluster: set current-context, or KUBECONFIG");
    if (cluster.proxyUrl) throw new Error(`cluster ${cluster.name}: proxy-url is not supported`);
    const url = new URL(cluster.server);
    this.#kubeConfig = kubeConfig;
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/+$/, "");
    this.#limits = limits;
  }

  /** The path of the API behind a proxy such as Rancher's: a prefix for every request. */
  get basePath(): string {
    return this.#basePath;
  }

  /** The pools and headers to use now. Answers without a tick of delay in the common case. */
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

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) await Promise.all([connection.requests.destroy(), connection.watches.destroy()]);
  }

  async #read(): Promise<Connection> {
    const { tls, headers } = await readCredentials(this.#kubeConfig);
    const current = this.#connection;
    if (current === undefined || !sameTls(tls, this.#tls)) {
      this.#connection = {
        requests: this.#pool(tls, this.#limits.connections),
        watches: this.#pool(tls, null),
        headers,
      };
      void current?.requests.close();
      void current?.watches.close();
    } else {
      this.#connection = { ...current, headers };
    }
    this.#tls = tls;
    this.#readAt = performance.now();
    return this.#connection;
  }

  #pool(tls: Credentials["tls"], connections: number | null): Pool {
    return new Pool(this.#origin, {
      connections,
      pipelining: 1,
      // HTTP/2 would put every watch and request on one TCP connection: one lost packet stops them all.
      allowH2: false,
      keepAliveTimeout: 60_000,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ...tls, timeout: this.#limits.connectTimeoutMs, keepAlive: true, keepAliveInitialDelay: 15_000 },
    });
  }
}

async function readCredentials(kubeConfig: KubeConfig): Promise<Credentials> {
  const options: Record<string, unknown> & { headers?: Record<string, string>; auth?: string } = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const headers: Record<string, string> = { ...options.headers };
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  for (const name of Object.keys(headers)) headers[name] = String(headers[name]).trim();
  const tls: Record<string, unknown> = {};
  for (const field of tlsFields) if (options[field] !== undefined) tls[field] = options[field];
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
