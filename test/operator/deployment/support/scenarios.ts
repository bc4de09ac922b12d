import { expect } from "vitest";
import * as types from "../../../../operator/deployment/resource-types.ts";
import type { Disks } from "./disks.ts";
import { rolloutIn } from "./rollouts.ts";
import { changeSpec, createResource, eventually, readResource, untilCondition, untilReady } from "./steps.ts";
import type { World } from "./world.ts";

/** How a resource comes into being and what is done to it then. Failures happen in one of both. */
export type Scenario = {
  readonly part: string;
  readonly inChange: boolean;
  /** A request of it, by which it is known that there was something to break. */
  readonly touches: RegExp;
  create(world: World, name: string): Promise<unknown>;
  untilCreated(world: World, name: string): Promise<unknown>;
  change(world: World, name: string): Promise<unknown>;
  untilChanged(world: World, name: string): Promise<unknown>;
};

const patience = 60_000;
const ready = (world: World, name: string) => untilReady(world, name, patience);
/** Ready, and known as the last good revision: a change before that is another first rollout. */
const rolledOut = async (world: World, name: string) => {
  await ready(world, name);
  await eventually(async () => expect((await readResource(world, name)).status?.rollout?.revision).toBe(1), patience);
};
const hibernated = (world: World, name: string) =>
  untilCondition(world, name, "Hibernated", { status: "True" }, patience);

const plain = (part: string, touches: RegExp, spec: object, change: object): Scenario => ({
  part,
  touches,
  inChange: true,
  create: (world, name) => createResource(world, name, spec),
  untilCreated: rolledOut,
  change: (world, name) => changeSpec(world, name, change),
  untilChanged: ready,
});

/** Enough children for every kind of request: an autoscaler, two clients. */
const spec = {
  server: {
    auth: { clients: [{ name: "claude", permissions: ["*"] }, { name: "cursor" }] },
    autoscaling: { mode: "Enabled" },
  },
};

/** Affects foundations and workloads, creates an object, and deletes others. */
export const change = plain("change", /^delete networkpolicies/, spec, {
  telegram: { allowedUsers: [123456789, 987654321] },
  server: {
    auth: { clients: [{ name: "claude", permissions: ["get_bridge_status"] }, { name: "zed" }] },
    autoscaling: { mode: "Disabled" },
    logLevel: "debug",
  },
  networkPolicy: { mode: "Disabled" },
});

export const creation: Scenario = {
  ...change,
  part: "creation",
  touches: /deployments\/NAME-mcp-server$/,
  inChange: false,
};

export const rollout = plain(
  "blue/green rollout",
  / deployments\/NAME-mcp-server-green$/,
  { ...spec, rollout: { strategy: "BlueGreen", keepPreviousSeconds: 86_400 } },
  { version: "1.4.0" },
);

/** Pods of this version do not start. */
export const brokenVersion = "9.9.9";

const historyIs = (world: World, name: string, history: string) =>
  eventually(async () => expect(await rolloutIn(world, name).history()).toBe(history), patience);

/** Back by itself, because pods of the new version do not start. */
export const wayBack: Scenario = {
  ...plain("way back", /^create controllerrevisions/, spec, {
    version: brokenVersion,
    rollout: { progressDeadlineSeconds: 10 },
  }),
  untilChanged: async (world, name) => {
    await untilCondition(world, name, "Stalled", { status: "True", reason: "RolledBack" }, patience);
    await untilCondition(world, name, "Progressing", { status: "False" }, patience);
    await historyIs(world, name, "1 Active, 2 RolledBack");
  },
};

/** Back because somebody wants it. */
export const undo: Scenario = {
  ...plain("undo", / deployments\/NAME-mcp-server$/, spec, { version: "1.4.0" }),
  untilCreated: async (world, name) => {
    await rolledOut(world, name);
    await changeSpec(world, name, { version: "1.4.0" });
    await historyIs(world, name, "1 Superseded, 2 Active");
    await ready(world, name);
  },
  change: (world, name) =>
    world.patch(types.cctelegramDeployments, name, { metadata: { annotations: { "cctelegram.io/undo": "1" } } }),
  untilChanged: async (world, name) => {
    await historyIs(world, name, "1 Active, 2 Superseded");
    await ready(world, name);
  },
};

export const hibernation: Scenario = {
  ...plain("hibernation", /^delete horizontalpodautoscalers/, spec, { activity: "Hibernated" }),
  untilChanged: hibernated,
};

export const awakening: Scenario = {
  ...plain(
    "end of the hibernation",
    /^(create|apply) horizontalpodautoscalers/,
    { ...spec, activity: "Hibernated" },
    { activity: "Active" },
  ),
  untilCreated: hibernated,
};

/** Of a volume that somebody wants to be larger. */
export const growth = (disks: () => Disks): Scenario => ({
  ...plain(
    "growth of the volume",
    / persistentvolumeclaims\/queue-NAME-bridge-0$|persistentvolumeclaims/,
    {},
    { bridge: { storage: { size: "3Gi" } } },
  ),
  create: async (world, name) => {
    await disks().make(name);
    await createResource(world, name, { bridge: { storage: { storageClassName: disks().storageClassName } } });
  },
});

/** Of a Service that somebody hands over. */
export const adoption: Scenario = {
  ...plain("adoption", /services\/NAME-former$/, {}, {}),
  create: async (world, name) => {
    const ports = [{ name: "http", port: 8080, targetPort: 8080 }];
    const metadata = { name: formerService(name) };
    await world.post(types.services, { metadata, spec: { selector: { app: "former" }, ports } });
    await createResource(world, name, { adoption: { services: [{ name: metadata.name, port: 8080 }] } });
  },
  change: async (world, name) => {
    const annotations = { "cctelegram.io/adopt": name };
    await world.patch(types.services, formerService(name), { metadata: { annotations } });
    // Nobody watches the Services of others.
    await changeSpec(world, name, { server: { logLevel: "debug" } });
  },
  untilChanged: async (world, name) => {
    await untilCondition(world, name, "Adopted", { status: "True", reason: "TakenOver" }, patience);
    await ready(world, name);
  },
};

const formerService = (name: string) => `${name}-former`;
