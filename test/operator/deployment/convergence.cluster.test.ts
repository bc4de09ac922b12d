import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { PodReport } from "./support/kubelet.ts";
import { running, withoutImage } from "./support/kubelet.ts";
import {
  childNames,
  collectionTimeout,
  conditionOf,
  createResource,
  createToken,
  eventsOf,
  eventually,
  readResource,
  untilAnnounced,
  untilCondition,
  untilReady,
  untilSettled,
  versions,
  writesOf,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("converge");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

const clients = { auth: { clients: [{ name: "claude", permissions: ["*"] }, { name: "cursor" }] } };

test("all children appear, belong to the resource and make it Ready", async () => {
  const resource = await createResource(world, "team", { profile: "Production", server: { ...clients, replicas: 2 } });
  const ready = await untilReady(world, "team");
  expect(await childNames(world, resource)).toEqual([
    "deployments/team-mcp-server",
    "horizontalpodautoscalers/team-mcp-server",
    "networkpolicies/team-bridge",
    "networkpolicies/team-mcp-server",
    "poddisruptionbudgets/team-bridge",
    "poddisruptionbudgets/team-mcp-server",
    "secrets/team-api-keys",
    "secrets/team-connection-claude",
    "secrets/team-connection-cursor",
    "secrets/team-hmac",
    "serviceaccounts/team-bridge",
    "serviceaccounts/team-mcp-server",
    "services/team-bridge",
    "services/team-mcp-server",
    "statefulsets/team-bridge",
  ]);
  expect(ready.status).toMatchObject({
    observedGeneration: ready.metadata.generation,
    url: `http://team-mcp-server.${world.namespace}.svc:8080/mcp`,
    version: "1.2.3",
    clients: [
      { name: "claude", secretName: "team-connection-claude" },
      { name: "cursor", secretName: "team-connection-cursor" },
    ],
  });
  expect(conditionOf(ready, "Verified")).toMatchObject({ reason: "HandshakeSucceeded" });
});

test("from apply to Ready costs one request per child, one for the default of replicas and at most two for the status", async () => {
  await world.audit.reset();
  const resource = await createResource(world, "counted");
  await untilSettled(world, "counted");
  const writes = (await writesOf(world)).filter((write) => !write.startsWith("create events"));
  const children = (await childNames(world, resource)).map((child) => {
    const [type = "", name] = child.split("/");
    const isCreated = types.completeTypes.some(({ plural }) => plural === type);
    return `${isCreated ? "create" : "patch"} ${type} ${name} 201`;
  });
  const isStatus = (write: string) => write === "patch cctelegramdeployments status counted 200";
  const replicas = "patch cctelegramdeployments scale counted 200";
  expect(writes.filter(isStatus).length).toBeLessThanOrEqual(2);
  expect(writes.filter((write) => !isStatus(write)).sort()).toEqual([replicas, ...children].sort());
});

test("pods that come up one by one, seconds apart, cost no further write of the status", async () => {
  const slow: World = await World.create("slow");
  try {
    await slow.kubelet.report(() => undefined);
    slow.kubelet.start();
    await createToken(slow);
    await slow.startOperator();
    await createResource(slow, "team", { server: { ...clients, replicas: 3 } });
    const started = new Set<string>();
    for (let count = 1; count <= 4; count += 1) {
      await delay(1_500);
      // What the bridge says first waits for the servers for ten seconds, so it comes last.
      await slow.kubelet.report((pod) => {
        const { name = "" } = pod.metadata;
        if (started.size < count && (name !== "team-bridge-0" || count === 4)) started.add(name);
        return started.has(name) ? running(pod) : undefined;
      });
    }
    await untilSettled(slow, "team");
    await untilAnnounced(slow, "team", "Ready");
    const writes = await writesOf(slow);
    expect(writes.filter((write) => write.startsWith("patch cctelegramdeployments status")).length).toBeLessThanOrEqual(
      2,
    );
  } finally {
    await slow.dispose();
  }
});

test("Ready is announced once, in an event", async () => {
  await createResource(world, "announced");
  await untilSettled(world, "announced");
  await untilAnnounced(world, "announced", "Ready");
  await world.restartOperator(3);
  expect((await eventsOf(world, "announced")).map(({ type, reason, series }) => ({ type, reason, series }))).toEqual([
    { type: "Normal", reason: "Ready", series: undefined },
  ]);
});

describe("an unchanged resource causes no write", () => {
  test("while it is ready, also over a restart of the operator", async () => {
    await createResource(world, "ready");
    await untilSettled(world, "ready");
    await untilAnnounced(world, "ready", "Ready");
    const before = await versions(world, "ready");
    expect(await writesOfAnotherOperator(world, 4)).toEqual([]);
    expect(await writesOfAnotherOperator(world, 4)).toEqual([]);
    expect(await versions(world, "ready")).toEqual(before);
  });

  test("while its pods cannot start, however often the kubelet tries", async () => {
    const stuck: World = await World.create("stuck");
    try {
      await stuck.kubelet.report(withoutImage);
      stuck.kubelet.start();
      await createToken(stuck);
      await stuck.startOperator();
      await createResource(stuck, "team");
      await untilCondition(stuck, "team", "Degraded", { status: "True", reason: "ImagePullFailed" });
      await untilAnnounced(stuck, "team", "ImagePullFailed");
      // One of the two may be seen first.
      const before = await eventually(async () => {
        const resource = await readResource(stuck, "team");
        for (const type of ["ServerAvailable", "BridgeAvailable"])
          expect(conditionOf(resource, type)).toMatchObject({ reason: "ImagePullFailed" });
        return resource;
      });
      await stuck.stopOperator();
      await stuck.audit.reset();
      for (const report of [retrying("ErrImagePull"), retrying("ImagePullBackOff"), retrying("ErrImagePull")]) {
        await stuck.kubelet.report(report);
        await stuck.restartOperator();
      }
      expect(await writesOf(stuck)).toEqual([]);
      expect((await readResource(stuck, "team")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
      await stuck.kubelet.report(running);
      await untilReady(stuck, "team");
    } finally {
      await stuck.dispose();
    }
  });
});

test("a Telegram that does not answer is told once, and a restart of the operator takes nothing back", async () => {
  const silent: World = await World.create("silent");
  try {
    silent.kubelet.start();
    await createToken(silent);
    silent.answers.telegram = { reachable: false, error: "401 Unauthorized" };
    await silent.startOperator();
    await createResource(silent, "team");
    const wanted = { status: "True", reason: "TelegramUnreachable" } as const;
    const before = await untilCondition(silent, "team", "Degraded", wanted);
    await untilAnnounced(silent, "team", "TelegramUnreachable");
    await silent.stopOperator();
    await silent.audit.reset();
    await silent.startOperator();
    // One reconcile each for: not probed yet, probed once, probed so often that the failure counts as lasting.
    await eventually(async () => expect(await silent.passes()).toBeGreaterThanOrEqual(3));
    expect(await writesOf(silent)).toEqual([]);
    expect((await readResource(silent, "team")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  } finally {
    await silent.dispose();
  }
});

/** Each retry of the kubelet has another message. */
const retrying =
  (reason: string): PodReport =>
  (pod) => {
    const status = withoutImage(pod) as { containerStatuses: { state: object }[] };
    for (const container of status.containerStatuses) {
      container.state = { waiting: { reason, message: `try ${pod.metadata.resourceVersion} failed` } };
    }
    return status;
  };

test("writes of several resources in one namespace do not touch each other", async () => {
  await createResource(world, "first");
  await createResource(world, "second");
  await untilSettled(world, "first");
  await untilSettled(world, "second");
  const before = await versions(world, "second");
  await world.delete(types.cctelegramDeployments, "first");
  await eventually(async () => {
    const services = await world.client.list(`/api/v1/namespaces/${world.namespace}/services`);
    expect(services.filter(({ metadata }) => metadata.name?.startsWith("first-"))).toEqual([]);
  }, collectionTimeout);
  await world.restartOperator(5);
  expect(await versions(world, "second")).toEqual(before);
});
