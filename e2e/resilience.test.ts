import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fullImageName } from "../images/names.ts";
import {
  applyResource,
  changeSpec,
  controlTelegram,
  createNamespace,
  createToken,
  deleteNamespace,
  endpoint,
  expectReason,
  getJson,
  killProgram,
  kubectl,
  podsOf,
  waitReady,
} from "./environment.ts";
import { nextTag } from "./names.ts";
import { busyServers, expectDelivered, fastBridge, liftLimits, startTraffic, type Traffic } from "./traffic.ts";

const resource = "busy";

describe("under traffic", () => {
  let namespace: string;
  let bot: number;
  let url: string;
  let key: string;
  /** What signed between server and bridge before it was rotated. */
  let signing: string;

  async function secretOf(name: string, field: string): Promise<string> {
    const secret = `${resource}-${name}`;
    const text = await kubectl(["-n", namespace, "get", "secret", secret, "-o", `jsonpath={.data.${field}}`]);
    return Buffer.from(text, "base64").toString();
  }

  beforeAll(async () => {
    namespace = await createNamespace("resilience");
    bot = await createToken(namespace);
    await liftLimits(bot);
    await applyResource(namespace, resource, { server: busyServers, bridge: fastBridge });
    await waitReady(namespace, resource);
    ({ url, key } = await endpoint(namespace, resource));
    signing = await secretOf("hmac", "secret");
    // Granted two minutes later, whatever is killed meanwhile.
    for (const name of ["hmac", "connection-test"]) {
      const secret = `${resource}-${name}`;
      await kubectl(["-n", namespace, "annotate", "secret", secret, "cctelegram.io/rotate=first"]);
    }
  });
  beforeEach(() => waitReady(namespace, resource).then(() => undefined));
  afterAll(() => deleteNamespace(namespace));

  const expectAllDelivered = (traffic: Traffic) => expectDelivered(traffic, bot);

  test("a server pod killed with -9 loses nothing that was acknowledged", async () => {
    const traffic = startTraffic(url, key, "server killed");
    await traffic.progress(10);
    const [pod] = await podsOf(namespace, resource, "mcp-server");
    killProgram(pod!);
    await traffic.progress(20);
    await traffic.stop();
    await expectAllDelivered(traffic);
  });

  test("the bridge killed with -9 loses nothing that was acknowledged, and callers do not notice", async () => {
    const traffic = startTraffic(url, key, "bridge killed");
    await traffic.progress(10);
    const [pod] = await podsOf(namespace, resource, "bridge");
    killProgram(pod!);
    await traffic.progress(20);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await expectAllDelivered(traffic);
  });

  test("a rotation of the secret between server and bridge, and of a client's key, fails no call and replaces no pod", async () => {
    const traffic = startTraffic(url, key, "rotation");
    await traffic.progress(5);
    const uids = async () => {
      const pods = await Promise.all(["mcp-server", "bridge"].map((each) => podsOf(namespace, resource, each)));
      return pods.flat().map(({ metadata }) => metadata.uid);
    };
    const before = await uids();
    // The servers have time to hear of it, two minutes from the wish on.
    await expect.poll(() => secretOf("hmac", "secret"), { timeout: 180_000, interval: 1_000 }).not.toBe(signing);
    await expect.poll(() => secretOf("connection-test", "key"), { timeout: 60_000, interval: 1_000 }).not.toBe(key);
    expect(await secretOf("hmac", "previous")).toBe(signing);
    const young = startTraffic(url, await secretOf("connection-test", "key"), "with the new key");
    await young.progress(5);
    await traffic.progress(5);
    await Promise.all([traffic.stop(), young.stop()]);
    expect([...traffic.failures, ...young.failures]).toEqual([]);
    expect(await uids()).toEqual(before);
    await expectAllDelivered(traffic);
    ({ key } = await endpoint(namespace, resource));
  });

  test("an upgrade of the image fails no call", async () => {
    const traffic = startTraffic(url, key, "upgrade");
    await traffic.progress(5);
    await changeSpec(namespace, resource, { version: nextTag });
    await kubectl([
      "-n",
      namespace,
      "wait",
      "--for=jsonpath={.status.version}=next",
      `cctd/${resource}`,
      "--timeout=1m",
    ]);
    // The bridge follows when its servers are good.
    await waitReady(namespace, resource, "3m");
    await traffic.progress(10);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    const pods = [
      ...(await podsOf(namespace, resource, "mcp-server")),
      ...(await podsOf(namespace, resource, "bridge")),
    ];
    const names = pods.map(({ metadata }) => metadata.name);
    const images = await kubectl([
      "-n",
      namespace,
      "get",
      "pods",
      ...names,
      "-o",
      "jsonpath={.items[*].spec.containers[*].image}",
    ]);
    // The operator may have been installed with a registry in the names of its images.
    const used = new Set(images.split(" ").map(fullImageName));
    expect(used).toEqual(new Set([fullImageName(`cctelegram/server:${nextTag}`)]));
    await expectAllDelivered(traffic);
  });

  test("an outage of Telegram keeps messages and says so, and delivers them afterwards", async () => {
    const reason = () =>
      getJson<{ status: { conditions: { type: string; reason: string }[] } }>(
        "-n",
        namespace,
        "get",
        "cctd",
        resource,
      ).then(({ status }) => status.conditions.find(({ type }) => type === "Ready")?.reason);
    await controlTelegram(bot, { outage: true });
    const traffic = startTraffic(url, key, "outage");
    try {
      await expect.poll(reason, { timeout: 90_000, interval: 1_000 }).toBe("TelegramUnreachable");
      await traffic.progress(5);
    } finally {
      await controlTelegram(bot, { outage: false });
    }
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await expectAllDelivered(traffic);
    await waitReady(namespace, resource);
  });

  const track = async () => {
    const service = ["-n", namespace, "get", "service", `${resource}-mcp-server`];
    const { spec } = await getJson<{ spec: { selector: Record<string, string> } }>(...service);
    return spec.selector["cctelegram.io/track"];
  };
  const leads = (to: string | undefined) => expect.poll(track, { timeout: 120_000, interval: 500 }).toBe(to);
  const deploymentsLack = (name: string) => {
    const names = () => kubectl(["-n", namespace, "get", "deployments", "-o", "name"]);
    return expect.poll(names, { timeout: 60_000, interval: 1_000 }).not.toContain(name);
  };

  test("blue/green fails no call: not when its pods get their track, not at the switch, and not on the way back", async () => {
    const patch = (spec: object) => changeSpec(namespace, resource, spec);
    const analysed = (maxMilliseconds: number) => ({
      analysis: { durationSeconds: 5, metrics: { latency: { percentile: 50, maxMilliseconds }, minCalls: 5 } },
    });
    const traffic = startTraffic(url, key, "blue/green");
    await traffic.progress(10);
    await patch({ rollout: { strategy: "BlueGreen", keepPreviousSeconds: 3600 } });
    await leads("blue");
    await traffic.progress(10);

    await patch({ rollout: analysed(10_000), server: { env: [{ name: "LOG_FORMAT", value: "text" }] } });
    await leads("green");
    await waitReady(namespace, resource);
    await traffic.progress(20);

    // No version answers half of all calls as fast as that.
    await patch({ rollout: analysed(1) });
    await leads("blue");
    await expectReason(namespace, resource, "Degraded", "RolledBack");
    await traffic.progress(20);
    await deploymentsLack(`${resource}-mcp-server-green`);
    await traffic.progress(10);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await expectAllDelivered(traffic);
  });

  test("nor when the strategy is RollingUpdate again, and green servers are all there are", async () => {
    const traffic = startTraffic(url, key, "back to RollingUpdate");
    const rollout = { strategy: "BlueGreen", keepPreviousSeconds: 0, analysis: null };
    await changeSpec(namespace, resource, { rollout, server: { env: [{ name: "LOG_FORMAT", value: "json" }] } });
    await leads("green");
    await deploymentsLack(`${resource}-mcp-server\n`);
    await traffic.progress(10);

    await changeSpec(namespace, resource, { rollout: null });
    await leads("blue");
    await leads(undefined);
    await deploymentsLack(`${resource}-mcp-server-green`);
    await waitReady(namespace, resource);
    await traffic.progress(10);
    await traffic.stop();
    expect(traffic.failures).toEqual([]);
    await expectAllDelivered(traffic);
  });
});
