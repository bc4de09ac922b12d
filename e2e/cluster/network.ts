import { run } from "../../machine/command.mjs";
import { freeIndexes, type Subnets, subnets } from "./subnets.ts";

/** The network namespace of a node of the cluster with this id (`Folders`). */
export function namespaceOf(id: string, node: number): string {
  return `cct-${id}-${node}`;
}

/** The machine's end of the link to node 1. The kernel allows its name only once, which reserves the index. */
function linkOf(index: number): string {
  return `cct${index}`;
}

/**
 * Creates one network namespace per node and connects them: a bridge in node 1's namespace is the nodes' subnet, with the machine
 * and node 2 attached. Nothing routes out of it; the machine reaches nodes, pods and Services through node 1.
 */
export async function createNetwork(id: string, nodes: number): Promise<Subnets> {
  const first = namespaceOf(id, 1);
  await run("ip", ["netns", "add", first]);
  await ip(["-n", first], ["link set lo up", "link add node0 type bridge", "link set node0 up"]);
  const ranges = await claimRanges(first);
  await ip(
    ["-n", first],
    [
      "link set uplink master node0 up",
      `address add ${ranges.node(1)}/24 dev node0`,
      // kube-proxy and the API server need a default route. This one leads nowhere.
      "route add default dev node0",
    ],
  );
  for (let node = 2; node <= nodes; node += 1) await joinNode(id, node, ranges);
  for (let node = 1; node <= nodes; node += 1) await forward(namespaceOf(id, node));
  const link = linkOf(ranges.index);
  await ip(
    [],
    [
      `address add ${ranges.host}/24 dev ${link}`,
      `link set ${link} up`,
      `route add ${ranges.pods} via ${ranges.node(1)}`,
      `route add ${ranges.services} via ${ranges.node(1)}`,
    ],
  );
  return ranges;
}

async function claimRanges(first: string): Promise<Subnets> {
  const routes = JSON.parse((await run("ip", ["-4", "-json", "route", "show", "table", "all"])) || "[]");
  const destinations = (routes as { dst: string }[]).map(({ dst }) => dst);
  let refusal: unknown;
  for (const index of freeIndexes(destinations)) {
    try {
      await run("ip", ["link", "add", linkOf(index), "type", "veth", "peer", "name", "uplink", "netns", first]);
      return subnets(index);
    } catch (error) {
      refusal = error;
    }
  }
  throw new Error("no free subnet for another cluster: see `ip route` and take clusters down that are not needed", {
    cause: refusal,
  });
}

async function joinNode(id: string, node: number, ranges: Subnets): Promise<void> {
  const first = namespaceOf(id, 1);
  const own = namespaceOf(id, node);
  await run("ip", ["netns", "add", own]);
  await ip(
    ["-n", first],
    [
      `link add node${node} type veth peer name node0 netns ${own}`,
      `link set node${node} master node0 up`,
      `route add ${ranges.podsOf(node)} via ${ranges.node(node)}`,
    ],
  );
  await ip(
    ["-n", own],
    [
      "link set lo up",
      "link set node0 up",
      `address add ${ranges.node(node)}/24 dev node0`,
      `route add default via ${ranges.node(1)}`,
    ],
  );
}

async function forward(namespace: string): Promise<void> {
  const script = "echo 1 > /proc/sys/net/ipv4/ip_forward";
  await run("nsenter", [`--net=/run/netns/${namespace}`, "sh", "-c", script]);
}

async function ip(scope: readonly string[], lines: readonly string[]): Promise<void> {
  await run("ip", [...scope, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

/** Names of this cluster's namespaces that exist now. */
export async function namespacesOf(id: string): Promise<string[]> {
  const listed = JSON.parse((await run("ip", ["-json", "netns", "list"])) || "[]") as { name: string }[];
  const mine = new RegExp(`^cct-${id}-\\d+$`);
  return listed.map(({ name }) => name).filter((name) => mine.test(name));
}

/** Deletes the namespaces, and with them every interface and route that leads into them. */
export async function deleteNetwork(id: string): Promise<void> {
  for (const name of await namespacesOf(id)) await run("ip", ["netns", "delete", name]);
}
