import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import { isNotFound } from "../../../operator/runtime/api-error.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { describeChildren } from "./support/described.ts";
import { disturbedClient, type Fault } from "./support/disturbed-client.ts";
import { changeSpec, createResource, createToken, eventually, readResource, untilReady } from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

/*
 * However a resource came to be what it is - changes in any order, children deleted and altered by others, refused and lost
 * requests, crashes of the operator, deletion and return - its children are those that one clean apply makes.
 * The histories are the same each time; CCTELEGRAM_SEED=number tries others.
 */
const seed = Number(process.env.CCTELEGRAM_SEED ?? 14);
const histories = 10;
const steps = 8;

/** Parts of a spec that come and go; each list has the default first. */
const parts = {
  profile: ["Development", "Staging"],
  networkPolicy: [{ mode: "Restricted" }, { mode: "Disabled" }],
  telegram: [{ allowedUsers: [123456789] }, { allowedUsers: [123456789, 987654321] }],
  monitoring: [{ dashboard: { mode: "Disabled" } }, { dashboard: { mode: "Enabled" } }],
  bridge: [{ logLevel: "info" }, { logLevel: "debug" }],
  exposure: [
    { mode: "None" },
    { mode: "Ingress", host: "mcp.example.com", className: "nginx", tls: { secretName: "certificate" } },
  ],
  server: [
    { replicas: 1, autoscaling: { mode: "Disabled" }, auth: { clients: [{ name: "claude", permissions: ["*"] }] } },
    { replicas: 2, autoscaling: { mode: "Disabled" }, auth: { clients: [{ name: "claude" }, { name: "cursor" }] } },
    { replicas: 1, autoscaling: { mode: "Enabled" }, auth: { clients: [{ name: "zed", permissions: ["*"] }] } },
  ],
} as const;
type Part = keyof typeof parts;
type Choice = Readonly<Record<Part, number>>;

type Step =
  | { readonly does: "change"; readonly part: Part; readonly choice: number }
  | { readonly does: "delete a child" | "alter a child"; readonly child: number }
  | { readonly does: "break a request"; readonly after: number; readonly fault: Fault }
  | { readonly does: "crash" | "delete and return" };

const index = fc.nat({ max: 1000 });
const fault = fc.constantFrom<Fault>("refused", "answer lost", "never sent");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant("change" as const),
      part: fc.constantFrom(...(Object.keys(parts) as Part[])),
      choice: index,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom("delete a child" as const, "alter a child" as const), child: index }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant("break a request" as const), after: fc.nat({ max: 12 }), fault }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom("crash" as const, "delete and return" as const) }) },
);

let world: World;
/** How many requests about a resource are let through before one breaks. */
const plans = new Map<string, { after: number; readonly fault: Fault }>();

beforeAll(async () => {
  world = await World.create("histories");
  world.kubelet.start();
  world.disturb = (client) =>
    disturbedClient(client, (request) => {
      const [resource = ""] = /\b[hc]\d+(?=-|$|\/)/.exec(request.split("/").slice(1).join("/")) ?? [];
      const plan = plans.get(resource);
      if (plan === undefined) return undefined;
      if (plan.after > 0) {
        plan.after -= 1;
        return undefined;
      }
      plans.delete(resource);
      return plan.fault;
    });
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

const clean = Object.fromEntries(Object.keys(parts).map((part) => [part, 0])) as Choice;
/** A change of the spec that leads to the choice from any other. */
const specOf = (choice: Choice): Record<string, unknown> => ({
  ...minimalSpec,
  ...Object.fromEntries(Object.entries(choice).map(([part, number]) => [part, parts[part as Part][number]])),
  telegram: { ...minimalSpec.telegram, ...parts.telegram[choice.telegram] },
  monitoring: { ...minimalSpec.monitoring, ...parts.monitoring[choice.monitoring] },
});

async function aChild(name: string, number: number) {
  const { uid } = (await readResource(world, name)).metadata;
  const all = await Promise.all(
    types.childTypes.map(async (type) => {
      const objects = await world.client.list(resourcePath(type, { namespace: world.namespace }));
      const owned = objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
      return owned.map(({ metadata }) => ({ type, name: metadata.name ?? "" }));
    }),
  );
  return all.flat().at(number % Math.max(1, all.flat().length));
}

async function gone(name: string): Promise<void> {
  await world.delete(types.cctelegramDeployments, name);
  await eventually(async () => {
    const found = await readResource(world, name).catch((error) => isNotFound(error) || Promise.reject(error));
    expect(found).toBe(true);
  });
}

/** One operator at a time, whoever crashes it. */
let crashing: Promise<void> = Promise.resolve();
const crash = () => {
  crashing = crashing.then(async () => {
    await world.stopOperator();
    await world.startOperator();
  });
  return crashing;
};

async function perform(name: string, choice: Choice, next: Step): Promise<Choice> {
  switch (next.does) {
    case "change": {
      const changed = { ...choice, [next.part]: next.choice % parts[next.part].length };
      // A merge patch keeps fields that are not named, so it takes away what belongs to the other choice.
      const spec = specOf(changed);
      await changeSpec(world, name, next.part === "exposure" ? { exposure: null } : {});
      await changeSpec(world, name, { [next.part]: spec[next.part] });
      return changed;
    }
    case "delete a child": {
      const child = await aChild(name, next.child);
      if (child) await world.delete(child.type, child.name);
      return choice;
    }
    case "alter a child": {
      const child = await aChild(name, next.child);
      const labels = { "app.kubernetes.io/component": "somebody", "app.kubernetes.io/part-of": null };
      if (child) await world.patch(child.type, child.name, { metadata: { labels } }).catch(ignoreNotFound);
      return choice;
    }
    case "break a request":
      plans.set(name, { after: next.after, fault: next.fault });
      return choice;
    case "crash":
      await crash();
      return choice;
    case "delete and return":
      await gone(name);
      await createResource(world, name, specOf(choice));
      return choice;
  }
}

const ignoreNotFound = (error: unknown) => (isNotFound(error) ? undefined : Promise.reject(error));

const counters = new Set(["generation", "cctelegram.io/revision", "deployment.kubernetes.io/revision"]);

/** Generations and revisions count changes, which is what histories differ in. */
async function outcome(name: string): Promise<unknown> {
  const children = await describeChildren(world, name);
  return JSON.parse(JSON.stringify(children, (key, value) => (counters.has(key) ? undefined : value)));
}

const wanted = fc.sample(fc.array(step, { minLength: steps, maxLength: steps }), { seed, numRuns: histories });

test.concurrent.each(wanted.map((history, number) => ({ number, history })))(
  "history $number ends where one clean apply ends",
  { timeout: 240_000 },
  async ({ number, history }) => {
    const name = `h${number}`;
    await createResource(world, name, specOf(clean));
    let choice = clean;
    for (const next of history) choice = await perform(name, choice, next);
    plans.delete(name);
    await createResource(world, `c${number}`, specOf(choice));
    for (const each of [name, `c${number}`]) await untilReady(world, each, 120_000);
    const told = { seed, history: history.map((each) => JSON.stringify(each)) };
    await eventually(async () =>
      expect({ ...told, children: await outcome(name) }).toEqual({ ...told, children: await outcome(`c${number}`) }),
    );
  },
);
