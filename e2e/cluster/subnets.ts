/** Address ranges of one cluster; clusters with different indexes never overlap. */
export type Subnets = {
  readonly index: number;
  readonly nodes: string;
  readonly pods: string;
  readonly services: string;
  /** The machine's own address in the nodes' subnet: pods and nodes reach programs on the machine here. */
  readonly host: string;
  /** First address of the services' range, which the `kubernetes` Service gets. */
  readonly kubernetesService: string;
  readonly node: (node: number) => string;
  readonly podsOf: (node: number) => string;
};

const CLUSTERS = 20;

/** The ranges of the cluster with this index (0 to 19). */
export function subnets(index: number): Subnets {
  const nodes = `192.168.${77 + index}`;
  const pods = `10.${200 + index}`;
  const services = `10.${220 + index}.0`;
  return {
    index,
    nodes: `${nodes}.0/24`,
    pods: `${pods}.0.0/16`,
    services: `${services}.0/16`,
    host: `${nodes}.254`,
    kubernetesService: `${services}.1`,
    node: (node) => `${nodes}.${node}`,
    podsOf: (node) => `${pods}.${node}.0/24`,
  };
}

type Range = { readonly first: number; readonly last: number };

function range(cidr: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(cidr);
  if (!match) return undefined;
  const octets = match.slice(1, 5).map(Number);
  const address = octets.reduce((value, octet) => value * 256 + octet, 0);
  const size = 2 ** (32 - Number(match[5] ?? 32));
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function contains(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last && outer.last - outer.first > inner.last - inner.first;
}

/**
 * Indexes that a new cluster can have, best first, given the destinations of the machine's routes as `ip route` prints them
 * ("default" and IPv6 do not matter). An index inside a wider route, such as a company network's 10.0.0.0/8, comes last: it
 * works, since the narrower route is preferred, but hides a part of that network.
 */
export function freeIndexes(destinations: readonly string[]): number[] {
  const taken = destinations.flatMap((destination) => range(destination) ?? []);
  const all = Array.from({ length: CLUSTERS }, (_, index) => index);
  const collides = (index: number, counts: (mine: Range, other: Range) => boolean) => {
    const { nodes, pods, services } = subnets(index);
    const mine = [nodes, pods, services].flatMap((cidr) => range(cidr) ?? []);
    return mine.some((own) => taken.some((other) => overlap(own, other) && counts(own, other)));
  };
  const clear = all.filter((index) => !collides(index, () => true));
  const hiding = all.filter(
    (index) => !clear.includes(index) && !collides(index, (own, other) => !contains(other, own)),
  );
  return [...clear, ...hiding];
}
