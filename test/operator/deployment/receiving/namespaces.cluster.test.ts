import { afterAll, beforeAll, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { startOperatorAt } from "../support/operator-at.ts";
import {
  createResource,
  createToken,
  environmentOf,
  eventually,
  untilCondition,
  untilReady,
} from "../support/steps.ts";
import { World } from "../support/world.ts";

let worlds: [World, World];

beforeAll(async () => {
  worlds = await Promise.all([World.create("one"), World.create("two")]);
  for (const world of worlds) {
    world.kubelet.start();
    await createToken(world);
  }
});
afterAll(() => Promise.all(worlds.map((world) => world.dispose())));

const telegram = { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1], updates: "Polling" };

const updatesIn = async (world: World) =>
  (await environmentOf(world, types.statefulSets, "team-bridge")).TELEGRAM_UPDATES;

test("resources of two namespaces with one token: one receives, the other names it, and takes over with another token there", async () => {
  const created = await Promise.all(worlds.map((world) => createResource(world, "team", { telegram })));
  // Created in the same second the uid decides.
  const ages = created.map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.uid}`);
  const [older, younger] = ages.toSorted()[0] === ages[0] ? worlds : [worlds[1], worlds[0]];
  startOperatorAt({ POD_NAMESPACE: older.namespace, WATCH_NAMESPACES: worlds.map(({ namespace }) => namespace) });
  await untilReady(older, "team");
  await untilReady(younger, "team");
  const told = await untilCondition(younger, "team", "Receiving", { status: "False", reason: "BotTokenShared" });
  expect(JSON.stringify(told.status)).toContain(`CCTelegramDeployment ${older.namespace}/team has the same bot token`);
  expect([await updatesIn(older), await updatesIn(younger)]).toEqual(["Polling", "None"]);

  // The pod of the older one may read with its former token for a while: the younger one waits.
  await older.patch(types.secrets, "telegram", { stringData: { token: "987654321:AAExampleOfAnother" } });
  await untilCondition(younger, "team", "Receiving", { status: "False", reason: "HandOver" });
  expect([await updatesIn(older), await updatesIn(younger)]).toEqual(["Polling", "None"]);

  // A restart of it takes the new token at once.
  await older.delete(types.pods, "team-bridge-0");
  await eventually(async () => expect(await updatesIn(younger)).toBe("Polling"));
  expect(await updatesIn(older)).toBe("Polling");
});
