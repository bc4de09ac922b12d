import { isIP } from "node:net";

/** What an address counts as for limits: one host may use every address of its IPv6 network of 64 bits. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  return `${groupsOf(address).slice(0, 4).join(":")}::/64`;
}

/** An address as it is banned, from any spelling of it or of its network of 64 bits; undefined for anything else. */
export function bannableAddress(text: string): string | undefined {
  const network = /^([^/]*:[^/]*)\/64$/.exec(text)?.[1];
  if (text.includes("/") && (network === undefined || isIP(network) !== 6)) return undefined;
  return addressIn(network ?? text);
}

/** The address in `address`, `address:port` or `[address]:port`, IPv4 in IPv6 form as IPv4. */
export function addressIn(text: string | undefined): string | undefined {
  // The longest form of an address and a port has far fewer characters.
  if (text === undefined || text.length > 80) return undefined;
  // As a socket that listens on both shows IPv4; the long way there costs two microseconds.
  const plain = /^::ffff:([\d.]+)$/i.exec(text)?.[1];
  if (plain !== undefined && isIP(plain) === 4) return plain;
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const address = bare.replace(/%.*$/, "");
  switch (isIP(address)) {
    case 4:
      return address;
    case 6:
      return mappedAddress(groupsOf(address)) ?? address.toLowerCase();
    default:
      return undefined;
  }
}

function mappedAddress(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff") return undefined;
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  // The URL parser writes every address in the one form of RFC 5952, and dotted quads as groups.
  const canonical = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? "";
  const [left = [], right = []] = canonical.split("::").map((side) => side.split(":").filter((group) => group !== ""));
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
}
