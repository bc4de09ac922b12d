import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { describeChildren } from "./support/described.ts";
import { Disks, sizeOf } from "./support/disks.ts";
import { disturbedClient, type Fault } from "./support/disturbed-client.ts";
import { broken as brokenPods } from "./support/rollouts.ts";
import {
  adoption,
  awakening,
  brokenVersion,
  change,
  creation,
  growth,
  hibernation,
  rollout,
  type Scenario,
  undo,
  wayBack,
} from "./support/scenarios.ts";
import { createToken, eventually, readResource, untilReady } from "./support/steps.ts";
import { World } from "./support/world.ts";

const scenarios: readonly Scenario[] = [
  ...[creation, change, rollout, wayBack, undo, hibernation, awakening, adoption],
  growth(() => disks),
];

let world: World;
let disks: Disks;
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
  disks = await Disks.create(world, "growing", true);
  await world.kubelet.report(brokenPods(brokenVersion));
  world.kubelet.start();
  world.disturb = (client) => {
    let dead = false;
    return disturbedClient(client, (request) => {
      if (dead) return "never sent";
      // How often an event is counted depends on the time.
      if (request.includes("/events/")) return undefined;
      const resource = /\b(r\d+)\b/.exec(request.split(world.namespace).at(-1) ?? "")?.[1];
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
/** What one test did not come to must not be waited for by the next ones. */
afterEach(() => {
  plans.clear();
  crash = undefined;
});
afterAll(async () => {
  await world.dispose();
  await disks.remove();
});

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
  volume: await sizeOf(world, name),
});

async function createAndChange(name: string, plan: Plan, scenario: Scenario): Promise<void> {
  if (!scenario.inChange) plans.set(name, plan);
  await scenario.create(world, name);
  await scenario.untilCreated(world, name);
  if (scenario.inChange) plans.set(name, plan);
  await scenario.change(world, name);
}

async function expectOutcome(name: string, scenario: Scenario): Promise<void> {
  const request = await eventually(
    () =>
      broken.get(name) ??
      Promise.reject(
        new Error(
          `nothing was broken: ${plans.get(name)?.request} did not come, but ${[...(seen.get(name) ?? [])].join(", ")}`,
        ),
      ),
    patience,
  );
  await scenario.untilChanged(world, name);
  const reference = known.get(scenario.part)?.outcome;
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

/** Waits until nothing new is asked for any more. */
async function untilQuiet(name: string): Promise<void> {
  let before: number | undefined;
  await vi.waitUntil(
    () => {
      const now = seen.get(name)?.size;
      const isQuiet = now === before;
      before = now;
      return isQuiet;
    },
    { timeout: patience, interval: 3_000 },
  );
}

test.each(scenarios)("without a failure the $part has requests to break", async (scenario) => {
  const name = `r${next++}`;
  await scenario.create(world, name);
  await scenario.untilCreated(world, name);
  await untilQuiet(name);
  const ofCreation = [...seen.get(name)!];
  seen.delete(name);
  await scenario.change(world, name);
  await scenario.untilChanged(world, name);
  await untilQuiet(name);
  const requests = scenario.inChange ? [...seen.get(name)!] : ofCreation;
  known.set(scenario.part, { requests, outcome: await outcomeOf(name) });
  expect(requests).toContainEqual(expect.stringMatching(scenario.touches));
  if (scenario === rollout) expect(await describeRevisions(name)).toEqual(["1 Previous", "2 Active"]);
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
  let crashed = false;
  crash = () => {
    crashed = true;
  };
  await cause();
  const wanted = [...plans.values()].map(({ request }) => request);
  await vi
    .waitUntil(() => crashed, { timeout: patience, interval: 5 })
    .catch(() => {
      throw new Error(`nothing was broken: none of ${wanted.join(", ")} came`);
    });
  crash = undefined;
  await world.stopOperator();
}

test("a crash at each single request of the creation leads to the same objects and the same pods", async () => {
  const wanted = requestsOf(creation);
  for (const [index, { name, request }] of wanted.entries()) {
    plans.set(name, { request, fault: faultOfCrash(index) });
    await crashOnce(() => creation.create(world, name));
    await world.startOperator();
  }
  for (const { name } of wanted) await untilReady(world, name, patience);
  for (const { name } of wanted) await creation.change(world, name);
  for (const { name } of wanted) await expectOutcome(name, creation);
});

test.each(scenarios.filter(({ inChange }) => inChange))(
  "a crash at each single request of the $part leads to the same objects and the same pods",
  async (scenario) => {
    const wanted = requestsOf(scenario);
    await Promise.all(wanted.map(({ name }) => scenario.create(world, name)));
    for (const { name } of wanted) await scenario.untilCreated(world, name);
    for (const [index, { name, request }] of wanted.entries()) plans.set(name, { request, fault: faultOfCrash(index) });
    // All at once: each crash finds the others in the middle of theirs.
    for (let first = true; plans.size > 0; first = false) {
      await crashOnce(async () => {
        if (!first) await world.startOperator();
        else await Promise.all(wanted.map(({ name }) => scenario.change(world, name)));
      });
    }
    await world.startOperator();
    for (const { name } of wanted) await expectOutcome(name, scenario);
  },
);
