import { afterAll, beforeAll, test } from "vitest";
import {
  applyResource,
  cluster,
  controlTelegram,
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
import { expectDelivered, startTraffic } from "./traffic.ts";

const resource = "moved";
let namespace: string;
let bot: number;

beforeAll(async () => {
  namespace = await createNamespace("disruption");
  bot = await createToken(namespace);
  // The traffic is faster than Telegram's limit for one chat: the limits are raised on both sides.
  await controlTelegram(bot, { limits: false });
  await applyResource(namespace, resource, {
    server: {
      replicas: 2,
      auth: { clients: [{ name: "test", permissions: ["*"] }] },
      rateLimit: { mode: "Disabled" },
    },
    bridge: {
      limits: { messagesPerSecond: 100, messagesPerChatPerSecond: 30 },
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

test("the operator killed half-way finishes its work when it is back", async () => {
  const namespace = await createNamespace("interrupted");
  try {
    await createToken(namespace);
    const [operator] = (
      await getJson<{ items: Parameters<typeof killProgram>[0][] }>("-n", operatorNamespace, "get", "pods")
    ).items;
    const names = ["one", "two", "three"];
    await Promise.all(names.map((name) => applyResource(namespace, name)));
    killProgram(operator!);
    for (const name of names) await waitReady(namespace, name);
  } finally {
    await deleteNamespace(namespace);
  }
});
