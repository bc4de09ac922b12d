import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { definitionFiles, kedaDefinitions } from "../../../e2e/cluster/definitions.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import { kubectl } from "./support/exposure.ts";
import {
  changeSpec,
  conditionOf,
  createResource,
  createToken,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilReady,
  untilSettled,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

const forgetKeda = async () =>
  kubectl(["delete", "--ignore-not-found", "-f", (await definitionFiles(kedaDefinitions)).join(",")]);

const enabled = { mode: "Enabled" };
const metrics = [
  { type: "CallsInFlight", target: 50 },
  { type: "QueueAge", target: 2000 },
];
const keda = {
  ...enabled,
  provider: "KEDA",
  prometheusUrl: "http://prometheus.monitoring.svc:9090",
  metrics: [
    { type: "CallsInFlight", target: 50 },
    { type: "QueueAge", target: 60 },
  ],
};

const resources: Readonly<Record<string, object>> = {
  theirs: { server: { replicas: 2 } },
  whole: {},
  both: { server: { autoscaling: enabled } },
  twice: { server: { autoscaling: enabled } },
  mcp: { loadLevel: "Low", server: { autoscaling: { ...enabled, metrics } } },
  keda: { server: { autoscaling: keda } },
};

/** The controller of autoscalers looks every few seconds: all of them wait for it at the same time. */
beforeAll(async () => {
  world = await World.create("scaling");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
  await Promise.all(Object.entries(resources).map(([name, spec]) => createResource(world, name, spec)));
  await Promise.all(Object.keys(resources).map((name) => untilReady(world, name)));
  await Promise.all([
    autoscaler("of-a-platform", deploymentTarget("theirs"), 4),
    autoscaler("of-the-resource", resourceTarget("whole"), 3),
    autoscaler("second-both", resourceTarget("both"), 2),
    autoscaler("second-twice", deploymentTarget("twice"), 2),
  ]);
});

afterAll(async () => {
  await forgetKeda();
  await world.dispose();
});

type Replicas = { spec: { replicas: number } };

const server = "-mcp-server";
const serversOf = async (name: string) => (await world.get<Replicas>(types.deployments, name + server)).spec.replicas;

/** An autoscaler of somebody else that wants so many pods, whatever the load: its bounds are equal. */
const autoscaler = (name: string, target: { apiVersion: string; kind: string; name: string }, replicas: number) =>
  world.post(types.horizontalPodAutoscalers, {
    metadata: { name },
    spec: { scaleTargetRef: target, minReplicas: replicas, maxReplicas: replicas },
  });

const resourceTarget = (name: string) => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  name,
});
const deploymentTarget = (name: string) => ({ apiVersion: "apps/v1", kind: "Deployment", name: name + server });

describe("an autoscaler of somebody else", () => {
  test("may scale the Deployment: the operator does not write against it, also not after a restart", async () => {
    const name = "theirs";
    await eventually(async () => expect(await serversOf(name)).toBe(4));
    await untilCondition(world, name, "Autoscaling", { status: "True", reason: "ScaledByAnother" });
    await untilSettled(world, name);
    const writes = await writesOfAnotherOperator(world, Object.keys(resources).length);
    expect(await serversOf(name)).toBe(4);
    expect(writes.filter((write) => write.startsWith("patch deployments "))).toEqual([]);
    // Without it the number is the operator's again.
    await world.delete(types.horizontalPodAutoscalers, "of-a-platform");
    await eventually(async () => {
      expect(await serversOf(name)).toBe(2);
      expect(conditionOf(await readResource(world, name), "Autoscaling")).toBeUndefined();
    });
  });

  test("may scale the resource itself: its servers follow", async () => {
    const name = "whole";
    await eventually(async () => expect(await serversOf(name)).toBe(3));
    const resource = await untilCondition(world, name, "Autoscaling", { status: "True", reason: "ScaledByAnother" });
    expect((resource.spec.server as { replicas: number }).replicas).toBe(3);
    expect(conditionOf(resource, "Autoscaling")?.message).toContain("of-the-resource");
    await world.delete(types.horizontalPodAutoscalers, "of-the-resource");
  });

  test.each([
    ["the resource", "both"],
    ["its Deployment", "twice"],
  ])("stops the operator's own when it scales %s, and the condition says what to do", async (_what, name) => {
    const resource = await untilCondition(world, name, "Autoscaling", { status: "False", reason: "AnotherAutoscaler" });
    expect(conditionOf(resource, "Autoscaling")?.message).toBe(
      `HorizontalPodAutoscaler second-${name} scales the same pods, and then neither does: delete it, or set server.autoscaling.mode to Disabled`,
    );
    await changeSpec(world, name, { server: { autoscaling: { mode: "Disabled" } } });
    await untilCondition(world, name, "Autoscaling", { status: "True", reason: "ScaledByAnother" });
    await world.delete(types.horizontalPodAutoscalers, `second-${name}`);
  });
});

describe("numbers of MCP's own", () => {
  test("are in the HorizontalPodAutoscaler, cause no write later, and nobody who serves them is told", async () => {
    const name = "mcp";
    const { spec, metadata } = await world.get(types.horizontalPodAutoscalers, name + server);
    expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 4 });
    expect((spec as { metrics: object[] }).metrics).toMatchObject([
      { resource: { name: "cpu" } },
      { resource: { name: "memory" } },
      { pods: { metric: { name: "mcp_calls_in_flight" }, target: { averageValue: "50" } } },
      {
        object: {
          describedObject: { kind: "Service", name: "mcp-bridge" },
          metric: { name: "cctelegram_queue_oldest_age_seconds" },
          target: { value: "2k" },
        },
      },
    ]);
    const told = await untilCondition(world, name, "Autoscaling", { status: "False", reason: "MetricsNotAvailable" });
    expect(conditionOf(told, "Autoscaling")?.message).toMatch(
      /no numbers of CallsInFlight and QueueAge: .*prometheus-adapter with the rules of deploy\/prometheus-adapter/,
    );
    expect(conditionOf(told, "Ready")).toMatchObject({ status: "True" });
    await world.restartOperator(Object.keys(resources).length);
    const after = await world.get(types.horizontalPodAutoscalers, name + server);
    expect(after.metadata.managedFields?.filter(({ operation }) => operation === "Apply")).toEqual(
      metadata.managedFields?.filter(({ operation }) => operation === "Apply"),
    );
  });

  test("for KEDA need a Prometheus, and a Prometheus needs KEDA", async () => {
    const refused = (autoscaling: object) => createResource(world, "refused", { server: { autoscaling } });
    await expect(refused({ provider: "KEDA", metrics })).rejects.toThrow(/prometheusUrl is missing/);
    await expect(refused({ prometheusUrl: "http://prometheus:9090" })).rejects.toThrow(/for provider KEDA only/);
    await expect(refused({ provider: "KEDA", prometheusUrl: "http://u:p@prometheus:9090" })).rejects.toThrow(
      /prometheusUrl/,
    );
    await expect(refused({ metrics: [metrics[0], metrics[0]] })).rejects.toThrow(/Duplicate/);
  });
});

describe("KEDA", () => {
  test("that is not installed is said, and nothing else scales meanwhile", async () => {
    const told = await untilCondition(world, "keda", "Autoscaling", { status: "False", reason: "KEDANotInstalled" });
    expect(conditionOf(told, "Autoscaling")?.message).toContain("install it, or set server.autoscaling.provider");
    expect(await exists(world, types.horizontalPodAutoscalers, `keda${server}`)).toBe(false);
  });

  test("gets a ScaledObject when it comes, as its own definition takes it", async () => {
    const namespaced = ["--server-side", "-f", (await definitionFiles(kedaDefinitions)).join(",")];
    await kubectl(["apply", ...namespaced]);
    const { spec, metadata } = await eventually(() => world.get(types.scaledObjects, `keda${server}`));
    const selector = `namespace="${world.namespace}",cctelegram="keda"`;
    expect(spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: `keda${server}` },
      minReplicaCount: 1,
      maxReplicaCount: 3,
      triggers: [
        { type: "cpu", metricType: "Utilization", metadata: { value: "70" } },
        { type: "memory", metricType: "Utilization", metadata: { value: "80" } },
        { type: "prometheus", metadata: { query: `sum(mcp_calls_in_flight{${selector}})`, threshold: "50" } },
        { type: "prometheus", metadata: { query: `max(cctelegram_queue_oldest_age_seconds{${selector}})` } },
      ],
    });
    // What KEDA says of it.
    const conditions = [
      { type: "Ready", status: "True", reason: "ScaledObjectReady", message: "is defined correctly" },
    ];
    await world.patch(types.scaledObjects, `keda${server}`, { status: { conditions } }, "status");
    await untilCondition(world, "keda", "Autoscaling", { status: "True", reason: "ScalingActive" });
    // The HorizontalPodAutoscaler that KEDA makes of it is nobody's else.
    const owner = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", name: `keda${server}`, uid: metadata.uid };
    await world.post(types.horizontalPodAutoscalers, {
      metadata: { name: "keda-hpa-keda", ownerReferences: [{ ...owner, controller: true }] },
      spec: { scaleTargetRef: deploymentTarget("keda"), minReplicas: 2, maxReplicas: 2 },
    });
    await eventually(async () => expect(await serversOf("keda")).toBe(2));
    await untilSettled(world, "keda");
    const writes = await writesOfAnotherOperator(world, Object.keys(resources).length);
    expect(await serversOf("keda")).toBe(2);
    expect(writes.filter((write) => /^patch (deployments|scaledobjects) /.test(write))).toEqual([]);
    expect(conditionOf(await readResource(world, "keda"), "Autoscaling")).toMatchObject({ reason: "ScalingActive" });
  });

  test("gives way to a HorizontalPodAutoscaler, which is made when its ScaledObject is no longer wanted", async () => {
    await changeSpec(world, "keda", {
      server: { autoscaling: { provider: "HorizontalPodAutoscaler", prometheusUrl: null } },
    });
    await eventually(async () => {
      expect(await exists(world, types.scaledObjects, `keda${server}`)).toBe(false);
      expect(await exists(world, types.horizontalPodAutoscalers, `keda${server}`)).toBe(true);
    });
  });

  test("a ScaledObject of somebody else with that name is left alone", async () => {
    const theirs = { scaleTargetRef: { name: "other" }, triggers: [{ type: "cpu", metadata: { value: "50" } }] };
    await world.post(types.scaledObjects, {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name: `taken${server}` },
      spec: theirs,
    });
    await createResource(world, "taken", { server: { autoscaling: keda } });
    const refused = await untilCondition(world, "taken", "Degraded", { status: "True", reason: "ChildRefused" });
    expect(conditionOf(refused, "Degraded")?.message).toContain(`taken${server} exists`);
    expect((await world.get(types.scaledObjects, `taken${server}`)).spec).toEqual(theirs);
  });

  test("that goes is said again", async () => {
    await createResource(world, "left", { server: { autoscaling: keda } });
    await eventually(async () => expect(await exists(world, types.scaledObjects, `left${server}`)).toBe(true));
    await forgetKeda();
    await untilCondition(world, "left", "Autoscaling", { status: "False", reason: "KEDANotInstalled" }, 60_000);
  });
});
