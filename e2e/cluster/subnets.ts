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

/** Whether two IPv4 ranges share an address; what is no IPv4 range ("default", IPv6) overlaps with nothing. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [range(a), range(b)];
  return one !== undefined && other !== undefined && one.first <= other.last && other.first <= one.last;
}

/** Indexes, lowest first, whose ranges collide with none of the machine's routes (destinations as `ip route` prints them). */
export function freeIndexes(destinations: readonly string[]): number[] {
  const isFree = (index: number) => {
    const { nodes, pods, services } = subnets(index);
    return ![nodes, pods, services].some((mine) => destinations.some((taken) => overlap(mine, taken)));
  };
  return Array.from({ length: CLUSTERS }, (_, index) => index).filter(isFree);
}
