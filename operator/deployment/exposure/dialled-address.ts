import { BlockList, isIP } from "node:net";

const never = new BlockList();
const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

for (const [network, prefix] of [
  // This host, loopback, link-local with the metadata services of clouds, multicast, reserved.
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  // Metadata services with other addresses: Alibaba, Azure, Oracle.
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["192.0.0.192", 32],
  ["::", 128],
  ["::1", 128],
  ["fe80::", 10],
  ["ff00::", 8],
  // Metadata of AWS, and embedded IPv4 addresses, which would bypass these rules.
  ["fd00:ec2::254", 128],
  ["64:ff9b::", 96],
  ["2002::", 16],
] as const) {
  never.addSubnet(network, prefix, family(network));
}

/**
 * Whether the operator may open a connection to an address because a status names it. Private addresses are allowed, since load
 * balancers may have them; `apiServers` and addresses of the operator's own machine are not.
 */
export function mayBeDialled(address: string, apiServers: readonly string[]): boolean {
  if (isIP(address) === 0 || address.includes("%")) return false;
  return !never.check(address, family(address)) && !listOf(apiServers).check(address, family(address));
}

function listOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) if (isIP(address) !== 0) list.addAddress(address, family(address));
  return list;
}
