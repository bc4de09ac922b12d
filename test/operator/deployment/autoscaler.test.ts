import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { adapterValues } from "../../../deploy/prometheus-adapter/rules.ts";
import { foreignAutoscaler } from "../../../operator/deployment/autoscaling/foreign-autoscaler.ts";
import { autoscalerState } from "../../../operator/deployment/autoscaling/state.ts";
import { autoscalers } from "../../../operator/deployment/desired/autoscaler.ts";
import { blueprint, specOf } from "./support/blueprint.ts";

const metrics = [
  { type: "CallsInFlight", target: 50 },
  { type: "QueueAge", target: 60 },
];
const enabled = { mode: "Enabled", metrics };
const byKeda = { ...enabled, provider: "KEDA", prometheusUrl: "http://prometheus:9090" };

const made = (autoscaling: object, fields: object = {}, loadLevel = "High") =>
  autoscalers(blueprint(specOf({ loadLevel, server: { autoscaling } }), fields)).map(({ object }) => object);

type Metric = {
  readonly pods?: { readonly metric: { readonly name: string } };
  readonly object?: { readonly metric: { readonly name: string }; readonly describedObject: { readonly kind: string } };
};

describe("what scales the servers", () => {
  test.each([
    ["Low", 2, 4],
    ["Medium", 3, 5],
    ["High", 5, 10],
    ["VeryHigh", 10, 40],
  ])("has the bounds of the load level %s, with either provider", (loadLevel, min, max) => {
    expect(made(enabled, {}, loadLevel)[0]?.spec).toMatchObject({ minReplicas: min, maxReplicas: max });
    expect(made(byKeda, {}, loadLevel)[0]?.spec).toMatchObject({ minReplicaCount: min, maxReplicaCount: max });
  });

  test("is one of the two, and none while KEDA is not there or the number is fixed", () => {
    expect(made(enabled).map(({ kind }) => kind)).toEqual(["HorizontalPodAutoscaler"]);
    expect(made(byKeda).map(({ kind }) => kind)).toEqual(["ScaledObject"]);
    expect(made(byKeda, { hasScaledObject: false })).toEqual([]);
    expect(made({ ...enabled, mode: "Disabled" })).toEqual([]);
  });

  test("asks only for what the rules for prometheus-adapter serve, of the same kinds of objects", () => {
    const text = adapterValues()["deploy/prometheus-adapter/values.yaml"] ?? "";
    const { rules } = load(text) as {
      rules: { custom: { name: { as: string }; resources: { overrides: Record<string, object> } }[] };
    };
    const served = rules.custom.map(({ name, resources }) => [name.as, Object.keys(resources.overrides)]);
    const [scaler] = made(enabled) as unknown as readonly { readonly spec: { readonly metrics: readonly Metric[] } }[];
    const asked = scaler?.spec.metrics.flatMap(({ pods, object }) =>
      pods
        ? [[pods.metric.name, "pod"]]
        : object
          ? [[object.metric.name, object.describedObject.kind.toLowerCase()]]
          : [],
    );
    expect(asked).toEqual(served.map(([name, kinds]) => [name, kinds?.at(1)]));
  });
});

describe("an autoscaler's state", () => {
  const scaler = (status: object) => ({
    metadata: {},
    spec: {
      metrics: [{ type: "Resource" }, { pods: { metric: { name: "calls" } } }, { object: { metric: { name: "age" } } }],
    },
    status,
  });
  const conditions = [{ type: "ScalingActive", status: "True", reason: "ValidMetricFound", message: "pod a-1 of 3" }];

  test("tells which metrics it lacks, though it works with others", () => {
    const currentMetrics = [{ type: "" }, { type: "Object", object: { metric: { name: "age" } } }];
    expect(autoscalerState(scaler({ conditions, currentMetrics }))).toEqual({
      scaling: { works: true, reason: "ValidMetricFound", lacks: ["calls"] },
    });
  });

  test("is unknown before it has said anything, or has no metrics at all", () => {
    expect(autoscalerState(scaler({}))).toEqual({});
    expect(autoscalerState({ metadata: {} })).toEqual({});
    expect(autoscalerState(scaler({ conditions, currentMetrics: null })).scaling?.lacks).toEqual(["calls", "age"]);
  });
});

test("an autoscaler of something else concerns no resource", () => {
  const of = (scaleTargetRef: object | undefined) =>
    foreignAutoscaler({ metadata: { name: "x", namespace: "tools" }, spec: { scaleTargetRef } }).resource;
  expect(of({ kind: "Deployment", name: "shop" })).toBe("");
  expect(of({ kind: "StatefulSet", name: "team-mcp-server" })).toBe("");
  expect(of(undefined)).toBe("");
  expect(of({ kind: "Deployment", name: "team-mcp-server" })).toBe("team");
  expect(of({ kind: "CCTelegramDeployment", name: "team" })).toBe("team");
});
