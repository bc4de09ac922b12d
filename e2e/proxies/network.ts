import { run } from "../../machine/command.mjs";
import type { Cluster } from "../cluster/cluster.ts";
import { clusterFolders } from "../cluster/folders.ts";
import { namespaceOf } from "../cluster/network.ts";

/** Addresses of clients: outside ones are public (RFC 5737, RFC 3849); the machine's own is private. */
export type Clients = {
  readonly outside: readonly string[];
  readonly inside: string;
  /** The first two are of one /64 network, the third is of another. */
  readonly ipv6: readonly [string, string, string];
};

export type ProxyNetwork = {
  /** Network namespace; taking the cluster down removes it. */
  readonly namespace: string;
  readonly address: string;
  readonly ipv6: string;
  readonly clients: Clients;
  readonly remove: () => Promise<void>;
};

const outside = Array.from({ length: 150 }, (_, index) => `198.51.100.${index + 1}`);
const ipv6 = ["2001:db8:77:1::1", "2001:db8:77:1::2", "2001:db8:77:2::1"] as const;
const ownIpv6 = "2001:db8:77::3";

/**
 * Attaches a network namespace to the nodes' subnet, from where it reaches Services like any machine beside the cluster, and gives this
 * machine's end of the subnet the addresses of the test's clients.
 */
export async function createProxyNetwork(cluster: Cluster): Promise<ProxyNetwork> {
  const { host = "" } = cluster;
  const [node, address] = [1, 3].map((last) => host.replace(/\d+$/, String(last)));
  const [first, namespace] = [1, 3].map((index) => namespaceOf(clusterFolders(cluster.name).id, index)) as [
    string,
    string,
  ];
  const link = await linkWith(host);
  await run("ip", ["netns", "add", namespace]);
  await ip(
    ["-n", first],
    [`link add proxies type veth peer name eth0 netns ${namespace}`, "link set proxies master node0 up"],
  );
  await ip(
    ["-n", namespace],
    [
      "link set lo up",
      // Always the same: neighbours remember the address of an earlier machine.
      "link set eth0 address 02:00:00:00:77:03",
      `address add ${address}/24 dev eth0`,
      `address add ${ownIpv6}/48 dev eth0 nodad`,
      "link set eth0 up",
      `route add default via ${node}`,
      ...outside.map((client) => `route add ${client} via ${host}`),
    ],
  );
  const addresses = [...outside.map((client) => `${client}/32`), ...ipv6.map((client) => `${client}/48`)];
  const change = (verb: "add" | "delete") =>
    addresses.map(
      (client) => `address ${verb} ${client} dev ${link}${verb === "add" && client.includes(":") ? " nodad" : ""}`,
    );
  await ip([], change("add"));
  return {
    namespace,
    address: address ?? "",
    ipv6: ownIpv6,
    clients: { outside, inside: host, ipv6 },
    remove: async () => {
      await ip([], change("delete"));
      await run("ip", ["netns", "delete", namespace]);
    },
  };
}

/** The name of the link that has this address. */
async function linkWith(address: string): Promise<string> {
  const links = JSON.parse(await run("ip", ["-4", "-json", "address", "show"])) as {
    ifname: string;
    addr_info: { local?: string }[];
  }[];
  const link = links.find(({ addr_info }) => addr_info.some(({ local }) => local === address));
  if (link === undefined) throw new Error(`no link of this machine has the address ${address}`);
  return link.ifname;
}

async function ip(scope: readonly string[], lines: readonly string[]): Promise<void> {
  await run("ip", [...scope, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}
