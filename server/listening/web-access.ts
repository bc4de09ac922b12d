import { BlockList, isIP } from "node:net";

/** Which web pages may talk to a port, and under which names (MCP, Streamable HTTP, Security Warning). */
export type WebAccess = {
  /** Origins of pages that may call beside the server's own, as browsers write them. */
  readonly allowedOrigins: readonly string[];
  /**
   * Names under which requests may come, beside loopback names and the server's own address; undefined: any. A page
   * whose DNS name was rebound to this server comes under that name.
   */
  readonly allowedHosts: readonly string[] | undefined;
};

/** What is looked at of a request. */
export type WebRequest = {
  readonly origin: string | undefined;
  readonly host: string | undefined;
  /** Scheme under which the client called. */
  readonly scheme: string;
  /** Address of this machine that the connection came to. */
  readonly localAddress: string | undefined;
};

/** Whether a request may come from where it says. Requests without Origin are no page's, or are of the page's own site. */
export function webAccessAllowed({ origin, host, scheme, localAddress }: WebRequest, access: WebAccess): boolean {
  const name = hostnameOf(host);
  if (access.allowedHosts !== undefined && !isOwnName(name, localAddress, access.allowedHosts)) return false;
  if (origin === undefined || access.allowedOrigins.includes(origin.toLowerCase())) return true;
  return name !== undefined && origin.toLowerCase() === `${scheme}://${withoutDefaultPort(host ?? "", scheme)}`;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");
loopback.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

/** Whether an address that a server listens on can be reached from this machine only. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return address.toLowerCase() === "localhost";
  return loopback.check(address, family === 6 ? "ipv6" : "ipv4");
}

function isOwnName(name: string | undefined, localAddress: string | undefined, allowed: readonly string[]): boolean {
  if (name === undefined) return false;
  return isLoopback(name) || allowed.includes(name) || name === localAddress?.replace(/^::ffff:(?=[\d.]+$)/i, "");
}

// A URL parser would find 127.0.0.1 in `x@127.0.0.1` and in `127.0.0.1#.example`.
const hostHeader = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9._-]{0,252})))(?::\d{1,5})?$/i;

/** The name or address in a Host header; undefined when it is none. */
function hostnameOf(host: string | undefined): string | undefined {
  const match = hostHeader.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function withoutDefaultPort(host: string, scheme: string): string {
  return host.toLowerCase().replace(scheme === "https" ? /:443$/ : /:80$/, "");
}
