import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/**
 * The address of whoever sent a request: the one that trusted proxies report, if it is an address at all, else that of
 * the connection. Some proxies write the port behind it. Empty when the connection is gone.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, "ip" | "socket">): string {
  return addressIn(ip) ?? addressIn(socket.remoteAddress) ?? "";
}

/** What an address counts as for limits: one host may use every address of its IPv6 network of 64 bits. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  return `${groupsOf(address)
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

/** The address in `address`, `address:port` or `[address]:port`, IPv4 in IPv6 form as IPv4. */
function addressIn(text: string | undefined): string | undefined {
  // The longest form of an address and a port has far fewer characters.
  if (text === undefined || text.length > 80) return undefined;
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const withoutZone = bare.replace(/%.*$/, "");
  if (isIP(withoutZone) === 0) return undefined;
  return /^::ffff:([\d.]+)$/i.exec(withoutZone)?.[1] ?? mappedHex(withoutZone) ?? withoutZone.toLowerCase();
}

function mappedHex(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = groupsOf(address).map((group) => Number.parseInt(group, 16));
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join(".") : undefined;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): string[] {
  const [head = "", tail] = withoutDots(address).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
}

/** `::ffff:10.0.0.1` as `::ffff:a00:1`. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_whole, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}
