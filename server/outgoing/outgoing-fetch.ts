/** The HTTP proxies through which a process reaches machines elsewhere. */
export type ProxyConfig = {
  /** Proxy of http URLs. */
  readonly http?: string;
  /** Proxy of https URLs. */
  readonly https?: string;
  /** Names that are asked directly, with what is below them, separated by commas; "*" for all. */
  readonly none?: string;
};

/**
 * The same for an agent of Node, under the names of variables. Node takes a name in NO_PROXY for that host alone, and one that
 * begins with a dot for what is below it, too; undici takes both so.
 *
 * @example
 * ```ts
 * const proxy = { https: "http://proxy.test:3128", none: "localhost, example.com" };
 * agentProxy(proxy).NO_PROXY; // => localhost,.localhost,example.com,.example.com
 * ```
 */
export function agentProxy({ http, https = http, none = "" }: ProxyConfig): Readonly<Record<string, string>> {
  const names = none.split(/[,\s]+/).filter((name) => name !== "");
  const all = names.flatMap((name) => (/^[.*]/.test(name) ? [name] : [name, `.${name}`]));
  return {
    ...(http && { HTTP_PROXY: http }),
    ...(https && { HTTPS_PROXY: https }),
    ...(all.length > 0 && { NO_PROXY: all.join(",") }),
  };
}

/**
 * A fetch that goes through the configured proxies, with CONNECT, but to what `none` names directly. Without a proxy Node's
 * own does, and undici stays out of memory.
 */
export async function outgoingFetch(proxy: ProxyConfig | undefined): Promise<typeof fetch> {
  if (proxy === undefined) return fetch;
  const { EnvHttpProxyAgent, fetch: undiciFetch } = await import("undici");
  const { http = "", https = "", none = "" } = proxy;
  const dispatcher = new EnvHttpProxyAgent({ httpProxy: http, httpsProxy: https, noProxy: none });
  // undici's types and the global ones describe the same fetch with classes of their own.
  return ((input: string, init: object) => undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch;
}
