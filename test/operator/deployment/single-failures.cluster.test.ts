import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { describeChildren } from "./support/described.ts";
import { disturbedClient, type Fault } from "./support/disturbed-client.ts";
import {
  changeSpec,
  createResource,
  createToken,
  eventually,
  readResource,
  untilReady,
  untilSettled,
} from "./support/steps.ts";
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

type Scenario = {
  readonly part: string;
  readonly spec: object;
  readonly change: object;
  /** Whether the failure happens in the change, or before it in the creation. */
  readonly inChange: boolean;
};
const creation: Scenario = { part: "creation", spec, change, inChange: false };
const rollout: Scenario = {
  part: "blue/green rollout",
  spec: { ...spec, rollout: { strategy: "BlueGreen", keepPreviousSeconds: 86_400 } },
  change: { version: "1.4.0" },
  inChange: true,
};
const scenarios: readonly Scenario[] = [creation, { ...creation, part: "change", inChange: true }, rollout];

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

/** How often a revision was tried shows in its number. */
const describeRevisions = async (name: string) =>
  (await readResource(world, name)).status?.rollout?.revisions?.map(
    ({ revision, outcome }) => `${revision} ${outcome}`,
  );

const outcomeOf = async (name: string) => ({
  children: await describeChildren(world, name),
  pods: await describePods(name),
  revisions: await describeRevisions(name),
});

async function createAndChange(name: string, plan: Plan, { spec, change, inChange }: Scenario): Promise<void> {
  if (!inChange) plans.set(name, plan);
  await createResource(world, name, spec);
  await untilReady(world, name, patience);
  if (inChange) plans.set(name, plan);
  await changeSpec(world, name, change);
}

async function expectOutcome(name: string, { part }: Scenario): Promise<void> {
  const request = await eventually(() => broken.get(name) ?? Promise.reject(new Error("nothing was broken")), patience);
  await untilReady(world, name, patience);
  const reference = known.get(part)?.outcome;
  await eventually(
    async () => expect({ request, ...(await outcomeOf(name)) }).toEqual({ request, ...reference }),
    patience,
  );
}

/** Of each scenario: its requests, and how it ends without a failure. */
const known = new Map<
  string,
  { readonly requests: readonly string[]; readonly outcome: Awaited<ReturnType<typeof outcomeOf>> }
>();
let next = 1;
const requestsOf = ({ part }: Scenario) =>
  (known.get(part)?.requests ?? []).map((request) => ({ name: `r${next++}`, request }));

test.each(scenarios)("without a failure the $part has requests to break", async (scenario) => {
  const name = `r${next++}`;
  await createResource(world, name, scenario.spec);
  await untilSettled(world, name, patience);
  const ofCreation = [...seen.get(name)!];
  seen.delete(name);
  await changeSpec(world, name, scenario.change);
  await untilSettled(world, name, patience);
  const requests = scenario.inChange ? [...seen.get(name)!] : ofCreation;
  known.set(scenario.part, { requests, outcome: await outcomeOf(name) });
  expect(requests.length).toBeGreaterThan(7);
  if (scenario === rollout) {
    expect(requests).toContainEqual(expect.stringMatching(/ deployments\/NAME-mcp-server-green$/));
    expect(await describeRevisions(name)).toEqual(["1 Previous", "2 Active"]);
  }
});

describe.each(["refused", "answer lost", "never sent"] as const)("each single request that is %s", (fault) => {
  test.each(scenarios)("in the $part leads to the same objects and the same pods", async (scenario) => {
    const wanted = requestsOf(scenario);
    await Promise.all(wanted.map(({ name, request }) => createAndChange(name, { request, fault }, scenario)));
    for (const { name } of wanted) await expectOutcome(name, scenario);
  });
});

/** Lost at a crash is either the answer or the request. */
const faultOfCrash = (index: number): Fault => (index % 2 === 0 ? "answer lost" : "never sent");

/** The next planned failure kills the operator; another one is started. */
async function crashOnce(cause: () => Promise<unknown>): Promise<void> {
  const crashed = new Promise<void>((resolve) => {
    crash = resolve;
  });
  await cause();
  await crashed;
  crash = undefined;
  await world.stopOperator();
}

test("a crash at each single request of the creation leads to the same objects and the same pods", async () => {
  const wanted = requestsOf(creation);
  for (const [index, { name, request }] of wanted.entries()) {
    plans.set(name, { request, fault: faultOfCrash(index) });
    await crashOnce(() => createResource(world, name, creation.spec));
    await world.startOperator();
  }
  for (const { name } of wanted) await untilReady(world, name, patience);
  for (const { name } of wanted) await changeSpec(world, name, creation.change);
  for (const { name } of wanted) await expectOutcome(name, creation);
});

test("a crash at each single request of a blue/green rollout leads to the same objects and the same pods", async () => {
  const wanted = requestsOf(rollout);
  await Promise.all(wanted.map(({ name }) => createResource(world, name, rollout.spec)));
  for (const { name } of wanted) await untilReady(world, name, patience);
  for (const [index, { name, request }] of wanted.entries()) plans.set(name, { request, fault: faultOfCrash(index) });
  // All at once: each crash finds the others in the middle of theirs.
  for (let first = true; plans.size > 0; first = false) {
    await crashOnce(async () => {
      if (!first) await world.startOperator();
      else await Promise.all(wanted.map(({ name }) => changeSpec(world, name, rollout.change)));
    });
  }
  await world.startOperator();
  for (const { name } of wanted) await expectOutcome(name, rollout);
});
