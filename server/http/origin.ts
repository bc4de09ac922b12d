export type OriginRules = {
  /** Origins that may call beside the server's own. */
  readonly allowedOrigins: readonly string[];
  /** True when only this machine can reach the server, so that every honest request names it by a loopback name. */
  readonly loopback: boolean;
};

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Whether a request may come from where it says (MCP, Streamable HTTP, Security Warning). Requests without Origin are no
 * browser's. A rebound DNS name makes Origin and Host agree, so a loopback server also insists on a loopback Host.
 */
export function originAllowed(origin: string | undefined, host: string | undefined, rules: OriginRules): boolean {
  if (origin !== undefined && rules.allowedOrigins.includes(origin)) return true;
  if (rules.loopback && !loopbackNames.has(hostnameOf(`http://${host}`))) return false;
  return origin === undefined || (host !== undefined && URL.parse(origin)?.host === URL.parse(`http://${host}`)?.host);
}

/** Whether an address that a server listens on can be reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === "::1" || loopbackNames.has(address);
}

function hostnameOf(url: string): string {
  return URL.parse(url)?.hostname ?? "";
}
