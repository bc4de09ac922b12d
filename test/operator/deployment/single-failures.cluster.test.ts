import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { describeChildren } from "./support/described.ts";
import { disturbedClient, type Fault } from "./support/disturbed-client.ts";
import { changeSpec, createResource, createToken, eventually, untilReady, untilSettled } from "./support/steps.ts";
import { World } from "./support/world.ts";

/** Enough children for every kind of request: an autoscaler, two clients. */
const spec = {
  server: {
    auth: { clients: [{ name: "claude", permissions: ["*"] }, { name: "cursor" }] },
    autoscaling: { mode: "Enabled" },
  },
};
/** A change that affects foundations and workloads, creates an object, and deletes others. */
const change = {
  telegram: { allowedUsers: [123456789, 987654321] },
  server: {
    auth: { clients: [{ name: "claude", permissions: ["get_bridge_status"] }, { name: "zed" }] },
    autoscaling: { mode: "Disabled" },
    logLevel: "debug",
  },
  networkPolicy: { mode: "Disabled" },
};

let world: World;
/** A request without the name of the resource, such as "apply services/NAME-bridge". */
type Plan = { readonly request: string; readonly fault: Fault };
/** The next failure, by resource. */
const plans = new Map<string, Plan>();
/** All requests, by resource. */
const seen = new Map<string, Set<string>>();
/** The failures that happened, by resource. */
const broken = new Map<string, string>();
/** Set if the next failure also kills the operator. */
let crash: (() => void) | undefined;

beforeAll(async () => {
  world = await World.create("single");
  world.kubelet.start();
  world.disturb = (client) => {
    let dead = false;
    return disturbedClient(client, (request) => {
      if (dead) return "never sent";
      const resource = /^(r\d+)\b/.exec(request.split("/").at(1) ?? "")?.[1];
      if (resource === undefined) return undefined;
      const known = request.replace(resource, "NAME");
      seen.set(resource, (seen.get(resource) ?? new Set()).add(known));
      const plan = plans.get(resource);
      if (plan?.request !== known) return undefined;
      plans.delete(resource);
      broken.set(resource, request);
      dead = crash !== undefined;
      crash?.();
      return plan.fault;
    });
  };
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

/** The running pods, and how often they were replaced: people notice an additional rollout. */
async function describePods(name: string): Promise<readonly string[]> {
  const replicaSets = await world.client.list<KubernetesObject & { spec: { replicas: number } }>(
    `/apis/apps/v1/namespaces/${world.namespace}/replicasets`,
    { labelSelector: `app.kubernetes.io/instance=${name}` },
  );
  return replicaSets.map(({ spec }) => `replicas ${spec.replicas}`).sort();
}

const patience = 60_000;
const outcomeOf = async (name: string) => ({
  children: await describeChildren(world, name),
  pods: await describePods(name),
});

async function createAndChange(name: string, plan: Plan, inChange: boolean): Promise<void> {
  if (!inChange) plans.set(name, plan);
  await createResource(world, name, spec);
  await untilReady(world, name, patience);
  if (inChange) plans.set(name, plan);
  await changeSpec(world, name, change);
}

async function expectOutcome(name: string): Promise<void> {
  const request = await eventually(() => broken.get(name) ?? Promise.reject(new Error("nothing was broken")), patience);
  await untilReady(world, name, patience);
  await eventually(
    async () => expect({ request, ...(await outcomeOf(name)) }).toEqual({ request, ...reference }),
    patience,
  );
}

let reference: Awaited<ReturnType<typeof outcomeOf>>;
let ofCreation: readonly string[] = [];
let ofChange: readonly string[] = [];
let next = 1;

test("without a failure there are requests to break, in the creation and in the change", async () => {
  await createResource(world, "r0", spec);
  await untilSettled(world, "r0");
  ofCreation = [...seen.get("r0")!];
  seen.delete("r0");
  await changeSpec(world, "r0", change);
  await untilSettled(world, "r0");
  ofChange = [...seen.get("r0")!];
  expect(ofCreation.length).toBeGreaterThan(15);
  expect(ofChange.length).toBeGreaterThan(7);
  reference = await outcomeOf("r0");
  expect(reference.pods).toEqual(["replicas 0", "replicas 1"]);
});

describe.each(["refused", "answer lost", "never sent"] as const)("each single request that is %s", (fault) => {
  test.each([
    { part: "creation", inChange: false },
    { part: "change", inChange: true },
  ])("in the $part leads to the same objects and the same pods", async ({ inChange }) => {
    const wanted = (inChange ? ofChange : ofCreation).map((request) => ({ name: `r${next++}`, request }));
    await Promise.all(wanted.map(({ name, request }) => createAndChange(name, { request, fault }, inChange)));
    for (const { name } of wanted) await expectOutcome(name);
  });
});

test("a crash at each single request leads to the same objects and the same pods", async () => {
  const wanted = ofCreation.map((request) => ({ name: `r${next++}`, request }));
  for (const [index, { name, request }] of wanted.entries()) {
    plans.set(name, { request, fault: index % 2 === 0 ? "answer lost" : "never sent" });
    const crashed = new Promise<void>((resolve) => {
      crash = resolve;
    });
    await createResource(world, name, spec);
    await crashed;
    crash = undefined;
    await world.stopOperator();
    await world.startOperator();
  }
  for (const { name } of wanted) await untilReady(world, name, patience);
  for (const { name } of wanted) await changeSpec(world, name, change);
  for (const { name } of wanted) await expectOutcome(name);
});
