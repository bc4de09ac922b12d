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
