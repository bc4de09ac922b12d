import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusterFolders } from "./cluster/folders.ts";
import { namespaceOf } from "./cluster/network.ts";
import { isEnforced } from "./cluster/network-policies.ts";
import {
  applyResource,
  cluster,
  createNamespace,
  createToken,
  deleteNamespace,
  kubectl,
  podsOf,
  target,
  waitReady,
} from "./environment.ts";
import { clusterIP, operatorNamespace } from "./installation.ts";
import { clusterName } from "./names.ts";
import { opens } from "./port.ts";
import { connectionsFrom, type Place, startProbe } from "./probe.ts";

const resource = "guarded";
let home: string;
let peers: string;
let strangers: string;

beforeAll(async () => {
  home = await createNamespace("guarded");
  peers = await createNamespace("peers");
  strangers = await createNamespace("strangers");
  await createToken(home);
  const ingressFrom = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peers } } }];
  await applyResource(home, resource, { networkPolicy: { ingressFrom }, server: { secondPort: 3000 } });
  await Promise.all([
    startProbe(target, home, "client"),
    startProbe(target, peers, "client"),
    startProbe(target, strangers, "client"),
    startProbe(target, strangers, "prometheus", { "app.kubernetes.io/name": "prometheus" }),
    startProbe(target, operatorNamespace, "beside-the-operator"),
  ]);
  await waitReady(home, resource);
});
afterAll(async () => {
  await Promise.all([home, peers, strangers].map(deleteNamespace));
  await kubectl(["-n", operatorNamespace, "delete", "pod", "beside-the-operator", "--wait=false"]);
});

const targets = () => ({
  "server 8080": { host: `${resource}-mcp-server.${home}.svc`, port: 8080 },
  "server 3000": { host: `${resource}-mcp-server.${home}.svc`, port: 3000 },
  "server 9090": { host: `${resource}-mcp-server.${home}.svc`, port: 9090 },
  "bridge 9001": { host: `${resource}-bridge.${home}.svc`, port: 9001 },
  "bridge 9090": { host: `${resource}-bridge.${home}.svc`, port: 9090 },
  "operator 8080": { host: `cctelegram-operator-metrics.${operatorNamespace}.svc`, port: 8080 },
  "Telegram 8081": { host: "telegram.telegram.svc", port: 8081 },
  "Kubernetes 443": { host: "kubernetes.default.svc", port: 443 },
});

type Target = keyof ReturnType<typeof targets>;

/** The targets that answer to a pod. The others do not answer at all, because their packets are dropped. */
async function reachedFrom(place: Place): Promise<string[]> {
  const names = Object.keys(targets()) as Target[];
  const results = await connectionsFrom(target, place, Object.values(targets()));
  expect(results.filter((result) => !["open", "silence"].includes(result))).toEqual([]);
  return names.filter((_, index) => results[index] === "open");
}

const partOf = async (component: string): Promise<Place> => {
  const [pod] = await podsOf(home, resource, component);
  return { namespace: home, pod: pod!.metadata.name };
};

const operatorPod = async (): Promise<Place> => {
  const selector = "app.kubernetes.io/name=cctelegram-operator";
  const path = "jsonpath={.items[0].metadata.name}";
  const pod = await kubectl(["-n", operatorNamespace, "get", "pods", "-l", selector, "-o", path]);
  return { namespace: operatorNamespace, pod };
};

const outside: readonly Target[] = ["Telegram 8081", "Kubernetes 443"];
const clients: readonly Target[] = ["server 8080", "server 3000"];
type Row = readonly [from: string, place: () => Place | Promise<Place>, reaches: readonly Target[]];

const table: readonly Row[] = [
  ["a client of the namespace", () => ({ namespace: home, pod: "client" }), [...clients, ...outside]],
  ["a client of a declared namespace", () => ({ namespace: peers, pod: "client" }), [...clients, ...outside]],
  ["a pod of another namespace", () => ({ namespace: strangers, pod: "client" }), outside],
  [
    "Prometheus",
    () => ({ namespace: strangers, pod: "prometheus" }),
    ["server 9090", "bridge 9090", "operator 8080", ...outside],
  ],
  ["the operator", operatorPod, ["server 8080", "bridge 9001", "Kubernetes 443"]],
  ["a pod beside the operator", () => ({ namespace: operatorNamespace, pod: "beside-the-operator" }), outside],
  ["the server", () => partOf("mcp-server"), ["bridge 9001"]],
  ["the bridge", () => partOf("bridge"), ["Telegram 8081"]],
];

describe("who may talk to whom", () => {
  test("every node has an agent that is asked about new connections", async () => {
    const nodes = cluster.nodes.map((_, index) => index + 1);
    expect(cluster.processes()).toEqual(expect.arrayContaining(nodes.map((node) => `network-policies-${node}`)));
    expect(
      await Promise.all(nodes.map((node) => isEnforced(namespaceOf(clusterFolders(clusterName).id, node)))),
    ).toEqual(nodes.map(() => true));
  });

  test("all of it listens: the machine, which counts as a node, reaches every port", async () => {
    const server = await clusterIP(target, home, `${resource}-mcp-server`);
    const bridge = await clusterIP(target, home, `${resource}-bridge`);
    const operator = await clusterIP(target, operatorNamespace, "cctelegram-operator-metrics");
    const ports = [
      [server, 8080],
      [server, 3000],
      [server, 9090],
      [bridge, 9001],
      [bridge, 9090],
      [operator, 8080],
    ] as const;
    expect(await Promise.all(ports.map(([host, port]) => opens(host, port, 3_000)))).toEqual(ports.map(() => true));
  });

  test.each(table)("%s reaches what it has to and nothing else", async (_, place, reaches) => {
    expect(await reachedFrom(await place())).toEqual(
      Object.keys(targets()).filter((name) => reaches.includes(name as Target)),
    );
  });

  test("an author's URL of the Bot API opens no way to an address inside the cluster", async () => {
    const name = "inward";
    await applyResource(home, name, { telegram: { apiUrl: "http://telegram.telegram.svc:8081" } });
    const selector = `app.kubernetes.io/instance=${name},app.kubernetes.io/component=bridge`;
    const running = ["-n", home, "get", "pods", "-l", selector, "-o", "jsonpath={.items[*].status.phase}"];
    await expect.poll(() => kubectl(running), { timeout: 60_000 }).toBe("Running");
    expect(await reachedFrom({ namespace: home, pod: `${name}-bridge-0` })).toEqual([]);
    await kubectl(["-n", home, "delete", "cctd", name, "--wait=false"]);
  });

  test("the ports on which a proxy is believed, and brings Telegram's calls, are reached by the proxy that the resource names, and by no neighbour", async () => {
    const name = "shown";
    const from = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peers } } }];
    await applyResource(home, name, {
      exposure: { mode: "Ingress", host: "mcp.example.com", from },
      telegram: { updates: "Webhook" },
    });
    await waitReady(home, name);
    const ports = [
      { host: `${name}-mcp-server.${home}.svc`, port: 8082 },
      { host: `${name}-bridge.${home}.svc`, port: 9002 },
      { host: `${name}-bridge.${home}.svc`, port: 9001 },
    ];
    const places = [
      { namespace: peers, pod: "client" },
      { namespace: home, pod: "client" },
      { namespace: strangers, pod: "client" },
      await operatorPod(),
    ];
    const results = await Promise.all(places.map((place) => connectionsFrom(target, place, ports)));
    expect(results).toEqual([
      ["open", "open", "silence"],
      ["silence", "silence", "silence"],
      ["silence", "silence", "silence"],
      ["silence", "silence", "open"],
    ]);
    await kubectl(["-n", home, "delete", "cctd", name, "--wait=false"]);
  });

  test("with networkPolicy Disabled a stranger reaches all of the resource, and no longer when it is back", async () => {
    const stranger = { namespace: strangers, pod: "client" };
    const everything = Object.keys(targets()).filter((name) => name !== "operator 8080");
    await applyResource(home, resource, { networkPolicy: { mode: "Disabled" }, server: { secondPort: 3000 } });
    await expect.poll(() => reachedFrom(stranger), { timeout: 60_000 }).toEqual(everything);
    await applyResource(home, resource);
    await expect.poll(() => reachedFrom(stranger), { timeout: 60_000 }).toEqual(outside);
  });
});
