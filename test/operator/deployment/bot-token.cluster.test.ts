import { afterAll, beforeAll, expect, test } from "vitest";
import { managedByLabel } from "../../../operator/deployment/names.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import {
  changeSpec,
  childNames,
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  untilCondition,
  untilReady,
  untilSettled,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("token");
  world.kubelet.start();
  await world.startOperator();
});
afterAll(() => world.dispose());

test("a missing bot token holds the bridge back alone, is told with the command to run, and may come late", async () => {
  const resource = await createResource(world, "team");
  const waiting = await untilCondition(world, "team", "Ready", { status: "False", reason: "BotTokenSecretNotFound" });
  expect(conditionOf(waiting, "Ready")?.message).toBe(
    `Secret telegram does not exist: kubectl -n ${world.namespace} create secret generic telegram --from-literal=token=<bot token>`,
  );
  expect(conditionOf(waiting, "Degraded")).toMatchObject({ status: "True", reason: "BotTokenSecretNotFound" });
  const names = await childNames(world, resource);
  expect(names).toContain("deployments/team-mcp-server");
  expect(names.filter((name) => name.startsWith("statefulsets/"))).toEqual([]);

  await createToken(world);
  await eventually(async () => expect(await exists(world, types.statefulSets, "team-bridge")).toBe(true));
  const ready = await untilReady(world, "team");
  expect(conditionOf(ready, "Degraded")).toMatchObject({ status: "False" });
});

test("a Secret without the key is told apart from none, and fixed in place", async () => {
  await world.post(types.secrets, { metadata: { name: "other" }, stringData: { bot: "1:A", token: "" } });
  const telegram = { botTokenSecretRef: { name: "other" }, allowedUsers: [1] };
  await createResource(world, "wrong-key", { telegram });
  const waiting = await untilCondition(world, "wrong-key", "Ready", { reason: "BotTokenKeyNotFound" });
  expect(conditionOf(waiting, "Ready")?.message).toMatch(/Secret other has no value under the key token/);
  expect(await exists(world, types.statefulSets, "wrong-key-bridge")).toBe(false);

  await changeSpec(world, "wrong-key", { telegram: { botTokenSecretRef: { key: "bot" } } });
  await untilReady(world, "wrong-key");
});

test("a Secret with the labels of the operator's own is a bot token like any other", async () => {
  const telegram = { botTokenSecretRef: { name: "labelled" }, allowedUsers: [1] };
  await createResource(world, "labelled", { telegram });
  await untilCondition(world, "labelled", "Ready", { status: "False", reason: "BotTokenSecretNotFound" });
  const metadata = { name: "labelled", labels: managedByLabel };
  await world.post(types.secrets, { metadata, stringData: { token: "1:A" } });
  await untilReady(world, "labelled");
});

test("a bridge that runs stays when its Secret is deleted", async () => {
  await world.post(types.secrets, { metadata: { name: "passing" }, stringData: { token: "1:A" } });
  await createResource(world, "running", { telegram: { botTokenSecretRef: { name: "passing" }, allowedUsers: [1] } });
  await untilSettled(world, "running");
  const { uid } = (await world.get(types.statefulSets, "running-bridge")).metadata;
  await world.delete(types.secrets, "passing");
  await untilCondition(world, "running", "Degraded", { status: "True", reason: "BotTokenSecretNotFound" });
  await world.restartOperator(3);
  expect((await world.get(types.statefulSets, "running-bridge")).metadata.uid).toBe(uid);
});

test("a Secret is read once per version, however many resources refer to it", async () => {
  await world.post(types.secrets, { metadata: { name: "shared" }, stringData: { token: "1:A" } });
  const telegram = { botTokenSecretRef: { name: "shared" }, allowedUsers: [1] };
  await world.audit.reset();
  for (const name of ["one", "two", "three"]) await createResource(world, name, { telegram });
  for (const name of ["one", "two", "three"]) await untilSettled(world, name);
  const reads = (await world.audit.requests(world.userAgent)).filter(
    ({ verb, objectRef }) => verb === "get" && objectRef?.resource === "secrets",
  );
  expect(reads.map(({ objectRef }) => objectRef?.name)).toEqual(["shared"]);
});
