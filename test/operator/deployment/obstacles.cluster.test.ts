import { afterEach, beforeEach, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";
import {
  conditionOf,
  createResource,
  createToken,
  eventually,
  untilCondition,
  untilReady,
  untilSettled,
  writesOf,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

const quotas: ResourceType = {
  group: "",
  version: "v1",
  plural: "resourcequotas",
  kind: "ResourceQuota",
  namespaced: true,
};

const configMaps: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

let world: World;

beforeEach(async () => {
  world = await World.create("obstacle");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterEach(() => world.dispose());

/** A quota that the API server already enforces. */
async function limit(hard: Record<string, string>): Promise<void> {
  await world.post(quotas, { metadata: { name: "small" }, spec: { hard } });
  await eventually(async () => expect((await world.get(quotas, "small")).status).toMatchObject({ hard }));
}

const raise = (hard: Record<string, string>) => world.patch(quotas, "small", { spec: { hard } });

/** What was refused for some seconds is tried again ever more seldom, by the operator and by Kubernetes' own controllers. */
const untilTriedAgain = () => untilReady(world, "team", 90_000);

test("a child that a quota refuses is told as the API server words it, and made when the quota is raised", async () => {
  await limit({ "count/services": "0" });
  await world.audit.reset();
  await createResource(world, "team");
  const stuck = await untilCondition(world, "team", "Degraded", { status: "True", reason: "ChildRefused" });
  expect(conditionOf(stuck, "Degraded")?.message).toMatch(/services "team-\S+" is forbidden: exceeded quota: small/);

  await raise({ "count/services": "10" });
  await untilTriedAgain();
  const tries = (await writesOf(world)).filter((write) => write.startsWith("patch services"));
  expect(tries.length).toBeLessThan(40);
});

test("a Secret that a quota refuses does not replace the pods at every try", async () => {
  await limit({ "count/secrets": "1" });
  await createResource(world, "team");
  await untilCondition(world, "team", "Degraded", { status: "True", reason: "ChildRefused" });
  const tries = async () => (await writesOf(world)).filter((write) => write.includes("secrets team-hmac")).length;
  await eventually(async () => expect(await tries()).toBeGreaterThan(6));
  const writes = (await writesOf(world)).filter((write) => write.startsWith("patch deployments team-mcp-server"));
  expect(writes.length).toBeLessThanOrEqual(1);
  await raise({ "count/secrets": "10" });
  await untilTriedAgain();
});

test("pods that a quota refuses are told without the names that change from try to try", async () => {
  await limit({ "count/pods": "0" });
  await createResource(world, "team");
  const stuck = await eventually(async () => {
    const resource = await untilCondition(world, "team", "Degraded", { status: "True", reason: "QuotaExceeded" });
    expect(conditionOf(resource, "Degraded")?.message).toContain("a bridge pod cannot be created");
    expect(conditionOf(resource, "Degraded")?.message).toContain("an MCP server pod cannot be created");
    return resource;
  });
  expect(conditionOf(stuck, "Degraded")?.message).toMatch(/exceeded quota: small, requested: count\/pods=1/);
  expect(conditionOf(stuck, "Degraded")?.message).not.toMatch(/team-mcp-server-\w+|team-bridge-0/);

  await raise({ "count/pods": "10" });
  await untilTriedAgain();
});

test("an object of that name that somebody else controls is not overwritten", async () => {
  const owner = await world.post(configMaps, { metadata: { name: "somebody" } });
  const foreign = await world.post(types.services, {
    metadata: {
      name: "team-mcp-server",
      ownerReferences: [
        { apiVersion: "v1", kind: "ConfigMap", name: "somebody", uid: owner.metadata.uid, controller: true },
      ],
    },
    spec: { ports: [{ port: 80 }] },
  });
  await createResource(world, "team");
  const refused = await untilCondition(world, "team", "Degraded", { status: "True", reason: "ChildRefused" });
  expect(conditionOf(refused, "Degraded")?.message).toBe(
    `Service ${world.namespace}/team-mcp-server is controlled by ConfigMap somebody: delete or rename one of the two`,
  );
  const { metadata } = await world.get(types.services, "team-mcp-server");
  expect(metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);

  await world.delete(types.services, "team-mcp-server");
  await untilReady(world, "team");
});

test("a Telegram that does not answer, and then a server that refuses, are seen from outside the pods", async () => {
  await createResource(world, "team");
  await untilSettled(world, "team");
  world.answers.telegram = { reachable: false, error: "401 Unauthorized" };
  await world.restartOperator();
  const unreachable = await untilCondition(world, "team", "Degraded", {
    status: "True",
    reason: "TelegramUnreachable",
  });
  expect(conditionOf(unreachable, "Ready")).toMatchObject({ status: "False", reason: "TelegramUnreachable" });
  expect(conditionOf(unreachable, "TelegramReachable")).toMatchObject({
    status: "False",
    message: expect.stringContaining("401 Unauthorized"),
  });

  world.answers.telegram = { reachable: true };
  world.answers.server = "refusing";
  await world.restartOperator();
  const refusing = await untilCondition(world, "team", "Verified", { status: "False", reason: "HandshakeRefused" });
  expect(conditionOf(refusing, "Ready")).toMatchObject({ status: "False", reason: "HandshakeRefused" });
});
