import { once } from "node:events";
import { createServer } from "node:net";

/** Errors of a machine that knows no IPv6. */
const WITHOUT_IPV6: ReadonlySet<unknown> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"]);

/**
 * The address to listen on for a configured one: `::` takes IPv6 and IPv4, and where the kernel has no IPv6 `0.0.0.0`
 * stands in for it. All others stay as they are.
 */
export async function bindable(host: string, tryToBind: (host: string) => Promise<void> = bindOnce): Promise<string> {
  if (host !== "::") return host;
  try {
    await tryToBind(host);
    return host;
  } catch (error) {
    if (error instanceof Error && "code" in error && WITHOUT_IPV6.has(error.code)) return "0.0.0.0";
    throw error;
  }
}

async function bindOnce(host: string): Promise<void> {
  const server = createServer();
  server.listen({ host, port: 0 });
  await once(server, "listening");
  server.close();
  await once(server, "close");
}
