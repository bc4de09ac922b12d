import { afterAll, beforeAll, expect, test } from "vitest";
import type { TokenRef } from "../../../../operator/deployment/receiving/polled-token.ts";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import {
  changeSpec,
  collectionTimeout,
  conditionOf,
  createResource,
  environmentOf,
  eventually,
  readResource,
  untilAnnounced,
  untilCondition,
  untilReady,
} from "../support/steps.ts";
import { World } from "../support/world.ts";

const token = "123456789:AAExampleOfOneToken";

let world: World;

beforeAll(async () => {
  world = await World.create("receiving");
  world.answers.receiving = { mode: "Polling", receiving: true, other_consumer: false };
  world.kubelet.start();
  await world.startOperator();
});
afterAll(() => world.dispose());

const secret = (name: string, value: string) =>
  world.post(types.secrets, { metadata: { name }, stringData: { token: value } });

const asking = (ref: Partial<TokenRef>) => ({
  telegram: { botTokenSecretRef: ref, allowedUsers: [1], updates: "Polling" },
});

const updatesOf = async (name: string) =>
  (await environmentOf(world, types.statefulSets, `${name}-bridge`)).TELEGRAM_UPDATES;

const untilUpdates = (name: string, mode: "Polling" | "None") =>
  eventually(async () => expect(await updatesOf(name)).toBe(mode));

/** Creation times have whole seconds: the next resource is created in a later one. */
const untilNextSecond = async (name: string) => {
  const { creationTimestamp = "" } = (await readResource(world, name)).metadata;
  await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(creationTimestamp) + 1_000));
};

/** The pod ends only when it is let go, like one whose containers take their time. */
const hold = (pod: string) =>
  world.patch(types.pods, pod, { metadata: { finalizers: ["example.com/containers-are-ending"] } });
const letGo = (pod: string) => world.patch(types.pods, pod, { metadata: { finalizers: null } });

test(
  "the oldest resource of a token receives, the other says who does and what to do, and takes over when that one is gone",
  async () => {
    await secret("bot", token);
    // The same token: white space around it is none of it.
    await secret("copy", `${token}\n`);
    await createResource(world, "first", asking({ name: "bot" }));
    await untilReady(world, "first");
    await untilCondition(world, "first", "Receiving", { status: "True", reason: "Receives" });
    expect(await updatesOf("first")).toBe("Polling");

    await untilNextSecond("first");
    await createResource(world, "second", asking({ name: "copy" }));
    const second = await untilReady(world, "second");
    const told = `CCTelegramDeployment ${world.namespace}/first has the same bot token, is older and receives; this one only sends. Give this one a bot of its own, or set telegram.updates to None in one of the two.`;
    await untilCondition(world, "second", "Receiving", { status: "False", reason: "BotTokenShared", message: told });
    await untilCondition(world, "second", "Degraded", { status: "True", reason: "BotTokenShared" });
    await untilAnnounced(world, "second", "BotTokenShared");
    expect(await updatesOf("second")).toBe("None");
    expect(conditionOf(second, "Ready")).toMatchObject({ status: "True" });

    // An operator that starts decides the same.
    await world.restartOperator(2);
    expect([await updatesOf("first"), await updatesOf("second")]).toEqual(["Polling", "None"]);

    await hold("first-bridge-0");
    await world.delete(types.cctelegramDeployments, "first");
    await untilCondition(world, "second", "Receiving", {
      status: "False",
      reason: "HandOver",
      message: `the bridge of CCTelegramDeployment ${world.namespace}/first still reads the updates of the same bot: this one takes over when its pod has ended. If that one is paused, resume or delete it`,
    });
    await eventually(async () => {
      const pod = await world.get(types.pods, "first-bridge-0");
      expect(pod.metadata.deletionTimestamp).toBeDefined();
    }, collectionTimeout);
    expect(await updatesOf("second")).toBe("None");

    await letGo("first-bridge-0");
    await untilUpdates("second", "Polling");
  },
  2 * collectionTimeout,
);

test("neither the token nor anything made from it stands in an object, an event or the log", async () => {
  const everything = await Promise.all(
    [types.cctelegramDeployments, types.statefulSets, types.deployments, types.pods, types.events].map((type) =>
      world.client.list(resourcePath(type, { namespace: world.namespace })),
    ),
  );
  const text = JSON.stringify([everything, world.logger.entries]);
  expect(text).toContain("BotTokenShared");
  expect(text).not.toContain(token);
  expect(text).not.toMatch(/[A-Za-z0-9+/]{43}=/);
});

test("a resource that no longer asks to receive leaves it to the next one", async () => {
  await secret("passing-on", "123456789:AAExampleOfAnother");
  await createResource(world, "giving", asking({ name: "passing-on" }));
  await untilReady(world, "giving");
  await untilNextSecond("giving");
  await createResource(world, "taking", asking({ name: "passing-on" }));
  await untilCondition(world, "taking", "Receiving", { reason: "BotTokenShared" });
  await hold("giving-bridge-0");
  await changeSpec(world, "giving", { telegram: { updates: "None" } });
  await untilUpdates("giving", "None");
  await untilCondition(world, "taking", "Receiving", { status: "False", reason: "HandOver" });
  expect(await updatesOf("taking")).toBe("None");
  await letGo("giving-bridge-0");
  await untilUpdates("taking", "Polling");
  expect(conditionOf(await readResource(world, "giving"), "Receiving")).toBeUndefined();
});

test("a program elsewhere that reads the bot's updates is told with what to do, and the bridge is left alone", async () => {
  await secret("foreign", "987654321:AAExampleOfAThird");
  world.answers.receiving = { mode: "Polling", receiving: false, other_consumer: true, error: "409: Conflict" };
  await createResource(world, "visited", asking({ name: "foreign" }));
  await untilReady(world, "visited");
  const visited = await untilCondition(world, "visited", "Receiving", { status: "False", reason: "OtherConsumer" });
  expect(conditionOf(visited, "Receiving")?.message).toMatch(/revoke the token with @BotFather .* in Secret foreign/);
  expect(await updatesOf("visited")).toBe("Polling");
  await untilCondition(world, "visited", "Ready", { status: "True" });
});
