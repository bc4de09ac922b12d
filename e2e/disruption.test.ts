import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  applyResource,
  changeSpec,
  cluster,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  getJson,
  killProgram,
  kubectl,
  podsOf,
  waitReady,
} from "./environment.ts";
import { operatorNamespace, telegramNamespace } from "./installation.ts";
import { busyServers, expectDelivered, fastBridge, liftLimits, startTraffic } from "./traffic.ts";

const resource = "moved";
let namespace: string;
let bot: number;

beforeAll(async () => {
  namespace = await createNamespace("disruption");
  bot = await createToken(namespace);
  await liftLimits(bot);
  await applyResource(namespace, resource, {
    server: busyServers,
    bridge: {
      ...fastBridge,
      podTemplate: { nodeSelector: { "kubernetes.io/hostname": await nodeWithoutTelegram() } },
    },
  });
  await waitReady(namespace, resource);
});
afterAll(() => deleteNamespace(namespace));

/** The stand-in for Telegram keeps its log in memory, so it must not run on the node that is drained. */
async function nodeWithoutTelegram(): Promise<string> {
  const used = await kubectl(["-n", telegramNamespace, "get", "pods", "-o", "jsonpath={.items[0].spec.nodeName}"]);
  return cluster.nodes.find((node) => node !== used) ?? "";
}

test("a node drained loses nothing that was acknowledged", async () => {
  const { url, key } = await endpoint(namespace, resource);
  const [bridge] = await podsOf(namespace, resource, "bridge");
  const node = bridge!.spec.nodeName;
  const traffic = startTraffic(url, key, "drain");
  await traffic.progress(5);
  try {
    await kubectl(["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=2m"]);
  } finally {
    // The queue's volume is on this node only: the bridge restarts there.
    await kubectl(["uncordon", node]);
  }
  await traffic.progress(10);
  await traffic.stop();
  await expectDelivered(traffic, bot);
});

type Pods = { readonly items: readonly Parameters<typeof killProgram>[0][] };

/** A kubelet waits before it starts a program again that has ended before. */
const killOperator = () =>
  vi.waitFor(
    async () => {
      const { items } = await getJson<Pods>("-n", operatorNamespace, "get", "pods");
      expect(items.map(killProgram)).toEqual([true]);
    },
    { timeout: 120_000, interval: 500 },
  );

test("the operator killed before and after the switch of a blue/green rollout finishes it, and no call fails", async () => {
  const { url, key } = await endpoint(namespace, resource);
  const traffic = startTraffic(url, key, "without an operator");
  const service = ["-n", namespace, "get", "service", `${resource}-mcp-server`];
  const track = async () => (await getJson<Service>(...service)).spec.selector["cctelegram.io/track"];
  const leads = (to: string) => expect.poll(track, { timeout: 120_000, interval: 100 }).toBe(to);
  await changeSpec(namespace, resource, { rollout: { strategy: "BlueGreen", keepPreviousSeconds: 60 } });
  await leads("blue");
  await waitReady(namespace, resource);

  const deployments = () => kubectl(["-n", namespace, "get", "deployments", "-o", "name"]);
  await changeSpec(namespace, resource, { server: { logLevel: "debug" } });
  await expect.poll(deployments, { timeout: 60_000, interval: 100 }).toContain("green");
  await killOperator();
  await leads("green");
  await killOperator();
  await changeSpec(namespace, resource, { server: { logLevel: "info" } });
  await leads("blue");
  await waitReady(namespace, resource);
  await traffic.progress(10);
  await traffic.stop();
  expect(traffic.failures).toEqual([]);
  expect(await outcomes()).toEqual(["Previous", "Active"]);
  await expectDelivered(traffic, bot);
});

type Service = { readonly spec: { readonly selector: Readonly<Record<string, string>> } };
type Rollout = {
  readonly status: { readonly rollout: { readonly revisions: readonly { readonly outcome: string }[] } };
};

const outcomes = async () =>
  (await getJson<Rollout>("-n", namespace, "get", "cctd", resource)).status.rollout.revisions.map(
    ({ outcome }) => outcome,
  );

test("the operator killed half-way finishes its work when it is back", async () => {
  const namespace = await createNamespace("interrupted");
  try {
    await createToken(namespace);
    const names = ["one", "two", "three"];
    await Promise.all(names.map((name) => applyResource(namespace, name)));
    await killOperator();
    for (const name of names) await waitReady(namespace, name);
  } finally {
    await deleteNamespace(namespace);
  }
});
