import { afterEach, beforeEach, expect, test } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import { resourcePath } from "../../../../operator/runtime/resource-type.ts";
import { type PodReport, running } from "../support/kubelet.ts";
import { broken, pending } from "../support/rollouts.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  eventsOf,
  eventually,
  type Resource,
  readResource,
  untilAnnounced,
  untilCondition,
  untilSettled,
  writesOf,
} from "../support/steps.ts";
import { World } from "../support/world.ts";

let world: World;

beforeEach(async () => {
  world = await World.create("rollout");
  world.kubelet.start();
  await createToken(world);
});
afterEach(() => world.dispose());

/** What `kubectl wait --for=condition=Ready` checks (pkg/cmd/wait/condition.go), the generation included. */
function isMet({ metadata, status }: Resource): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && (ready.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

/** What kstatus reports for the resource (sigs.k8s.io/cli-utils/pkg/kstatus/status, generic rules). */
function kstatus({ metadata, status }: Resource): "InProgress" | "Failed" | "Current" {
  if (status?.observedGeneration !== metadata.generation) return "InProgress";
  const is = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status === "True";
  if (is("Reconciling")) return "InProgress";
  if (is("Stalled")) return "Failed";
  return is("Ready") ? "Current" : "InProgress";
}

test("a server that cannot be rolled out is not Ready, fails for kstatus, and ends well when the version is corrected", async () => {
  await world.startOperator();
  await createResource(world, "team", { server: { replicas: 2 } });
  expect(kstatus(await untilSettled(world, "team"))).toBe("Current");

  await world.kubelet.report(broken("9.9.9"));
  await changeSpec(world, "team", { version: "9.9.9" });
  const stalled = await untilCondition(world, "team", "Stalled", { status: "True", reason: "ImagePullFailed" });
  expect(kstatus(stalled)).toBe("Failed");
  expect(isMet(stalled)).toBe(false);
  expect(conditionOf(stalled, "Reconciling")).toMatchObject({ status: "False", reason: "Stalled" });
  expect(conditionOf(stalled, "ServerAvailable")).toMatchObject({ status: "True" });
  expect(stalled.status?.version).toBe("1.2.3");

  await world.kubelet.report(running);
  // The StatefulSet controller waits for the pod that cannot start.
  await changeSpec(world, "team", { version: "1.2.4" });
  await world.client.delete(types.pods, world.namespace, "team-bridge-0");
  const settled = await untilSettled(world, "team");
  expect(kstatus(settled)).toBe("Current");
  expect(isMet(settled)).toBe(true);
  expect(conditionOf(settled, "Stalled")).toMatchObject({ status: "False", reason: "NoObstacles" });
  await eventually(async () => expect((await readResource(world, "team")).status?.version).toBe("1.2.4"));
});

test("while a new version is on its way the last word stands for the old one, and no event warns", async () => {
  await world.startOperator();
  await createResource(world, "team", { server: { replicas: 2 } });
  const before = await untilSettled(world, "team");
  await world.kubelet.report(pending("1.3.0"));
  const annotations = { "example.com/turn": "2" };
  await changeSpec(world, "team", { server: { podTemplate: { annotations } } });
  await untilSettled(world, "team");

  await world.kubelet.report((pod) =>
    pod.metadata.annotations?.["example.com/turn"] === "3" ? undefined : running(pod),
  );
  await changeSpec(world, "team", { server: { podTemplate: { annotations: { "example.com/turn": "3" } } } });
  const moving = await untilCondition(world, "team", "Reconciling", { status: "True" });
  expect(conditionOf(moving, "Ready")).toMatchObject({
    status: "True",
    observedGeneration: (moving.metadata.generation ?? 0) - 1,
  });
  expect([isMet(moving), kstatus(moving)]).toEqual([false, "InProgress"]);
  await world.kubelet.report(running);
  const after = await eventually(async () => {
    const resource = await untilSettled(world, "team");
    expect(isMet(resource)).toBe(true);
    return resource;
  });
  expect(conditionOf(after, "Ready")?.lastTransitionTime).toBe(conditionOf(before, "Ready")?.lastTransitionTime);
  expect((await eventsOf(world, "team")).filter(({ type }) => type === "Warning")).toEqual([]);
});

test("a normal start warns of nothing, although volumes, Services and Telegram take their time", async () => {
  const waiting: PodReport = () => ({
    phase: "Pending",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        lastTransitionTime: new Date().toISOString(),
      },
    ],
  });
  await world.kubelet.report(waiting);
  world.answers.server = "silent";
  world.answers.telegram = { reachable: false };
  await world.startOperator();
  await createResource(world, "team", { server: { replicas: 2 } });
  await untilCondition(world, "team", "Reconciling", { status: "True" });
  await world.kubelet.report(running);
  await eventually(() => expect(world.answers.refused).toBeGreaterThan(2));
  world.answers.server = "ready";
  world.answers.telegram = { reachable: true };
  await untilSettled(world, "team");
  await untilAnnounced(world, "team", "Ready");
  expect((await eventsOf(world, "team")).map(({ type, reason }) => ({ type, reason }))).toEqual([
    { type: "Normal", reason: "Ready" },
  ]);
});

test("an evicted pod that stays in the API is the past", async () => {
  await world.startOperator();
  await createResource(world, "team");
  await untilSettled(world, "team");
  const pods = await world.client.list(resourcePath(types.pods, { namespace: world.namespace }), {
    labelSelector: "app.kubernetes.io/component=mcp-server",
  });
  const evicted = {
    phase: "Failed",
    reason: "Evicted",
    conditions: [{ type: "Ready", status: "False" }],
    containerStatuses: [
      {
        name: "mcp-server",
        image: "i",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode: 137, reason: "Error" } },
      },
    ],
  };
  await world.patch(types.pods, pods[0]?.metadata.name ?? "", { status: evicted }, "status");
  // The evicted one, its successor, and the bridge.
  const all = resourcePath(types.pods, { namespace: world.namespace });
  await eventually(async () => expect(await world.client.list(all)).toHaveLength(3));
  await untilSettled(world, "team");
  await world.restartOperator();
  expect(conditionOf(await readResource(world, "team"), "Degraded")).toMatchObject({ status: "False" });
  expect((await eventsOf(world, "team")).filter(({ reason }) => reason === "CrashLooping")).toEqual([]);
});

test("what the administrator does not allow is told, and what runs is left as it is", async () => {
  world.settings = { ...world.settings, allowedImages: ["docker.io/cctelegram"] };
  await world.startOperator();
  await createResource(world, "team");
  await untilSettled(world, "team");
  await world.audit.reset();
  await changeSpec(world, "team", { images: { server: "evil.example/server:1" } });
  const refused = await untilCondition(world, "team", "Stalled", { status: "True", reason: "NotAllowed" });
  expect(conditionOf(refused, "Ready")).toMatchObject({
    status: "False",
    message: "images.server evil.example/server:1 is not among those that the administrator of the operator allows",
  });
  await untilAnnounced(world, "team", "NotAllowed");
  expect((await writesOf(world)).filter((write) => !/ (cctelegramdeployments|events) /.test(write))).toEqual([]);
});

test("a person who has not pressed Start is told of, and the others are served", async () => {
  world.answers.refusals = [
    {
      chat_id: 42,
      reason: "Forbidden: bot can't initiate conversation",
      hint: "has not pressed Start",
      messages: 3,
      at: "x",
    },
  ];
  await world.startOperator();
  await createResource(world, "team");
  const resource = await untilSettled(world, "team");
  expect(conditionOf(resource, "Delivering")).toMatchObject({
    status: "False",
    reason: "RecipientRefused",
    message: "Telegram refuses messages to 42 (has not pressed Start)",
  });
  await untilAnnounced(world, "team", "RecipientRefused");
});
