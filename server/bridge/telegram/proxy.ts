import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import type { ProxyConfig } from "../config.ts";

/** A fetch that goes through the configured proxies, for https with CONNECT, but to what `none` names directly. */
export function proxiedFetch({ http, https, none }: ProxyConfig): typeof fetch {
  const dispatcher = new EnvHttpProxyAgent({ httpProxy: http ?? "", httpsProxy: https ?? "", noProxy: none ?? "" });
  // undici's types and the global ones describe the same fetch with classes of their own.
  return ((input: string, init: object) => undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch;
}
