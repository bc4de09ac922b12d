/** Addresses of private networks, by the registries of special-purpose addresses (RFC 6890), for each family. */
const inside = {
  // Private use (RFC 1918), shared (RFC 6598), link-local with the metadata services of clouds (RFC 3927), loopback.
  "0.0.0.0/0": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"],
  // Unique local (RFC 4193), link-local (RFC 4291).
  "::/0": ["fc00::/7", "fe80::/10"],
} as const;

const block = (cidr: string, except?: readonly string[]) => ({ ipBlock: { cidr, ...(except ? { except } : {}) } });

/** Peers of a network policy: the private and link-local addresses, where nodes, pods and Services are. */
export const insideAddresses = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"].map((cidr) => block(cidr)),
  ...["fc00::/7", "fe80::/10"].map((cidr) => block(cidr)),
];

/** Peers of a network policy: every address except private and link-local ones. */
export const outsideAddresses = Object.entries(inside).map(([cidr, except]) => block(cidr, except));

/** Peers of a network policy: every address. */
export const anyAddress = Object.keys(inside).map((cidr) => block(cidr));
