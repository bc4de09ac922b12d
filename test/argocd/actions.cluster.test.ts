import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cctelegramDeployments, deployments, statefulSets } from "../../operator/deployment/resource-types.ts";
import {
  createToken,
  eventually,
  readResource,
  untilCondition,
  untilSettled,
} from "../operator/deployment/support/steps.ts";
import { minimalSpec, World } from "../operator/deployment/support/world.ts";
import { argoDiff } from "./support/differences.ts";
import { ask, type Manifest } from "./support/gitops.ts";
import { kubectl } from "./support/kubectl.ts";

const { data } = load(readFileSync("deploy/argocd/argocd-cm.yaml", "utf8")) as { data: Record<string, string> };
const actions = data["resource.customizations.actions.cctelegram.io_CCTelegramDeployment"] ?? "";
const annotation = "cctelegram.io/restartedAt";
const patience = 60_000;

let world: World;

beforeEach(async () => {
  world = await World.create("actions");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterEach(() => world.dispose());

const inGit = (spec: object = {}): Manifest => ({
  apiVersion: "cctelegram.io/v1alpha1",
  kind: "CCTelegramDeployment",
  metadata: { name: "team", namespace: world.namespace },
  spec: { ...minimalSpec, ...spec },
});

const sync = (manifest: Manifest, serverSide: boolean) => ask([{ do: "apply", desired: manifest, serverSide }]);

/** Runs an action as Argo CD does. */
async function press(action: string): Promise<void> {
  const object = await readResource(world, "team");
  const [patches = []] = await ask<{ operation: string; patch: object }[]>([{ do: "act", object, actions, action }]);
  expect(patches.map(({ operation }) => operation)).toEqual(["patch"]);
  await world.patch(cctelegramDeployments, "team", patches[0]?.patch ?? {});
}

type Workload = { spec: { template: { metadata: { annotations?: Record<string, string> } } } };

/** When a restart of server and bridge was last requested. */
async function restarts(): Promise<(string | undefined)[]> {
  const server = await world.get<Workload>(deployments, "team-mcp-server");
  const bridge = await world.get<Workload>(statefulSets, "team-bridge");
  return [server, bridge].map(({ spec }) => spec.template.metadata.annotations?.[annotation]);
}

const settled = () => untilSettled(world, "team", patience);

test.each([false, true])(
  "restart replaces the pods of both, and Git sees nothing of it (server-side: %s)",
  async (serverSide) => {
    await sync(inGit(), serverSide);
    await settled();
    const uids = await podsOf();
    const before = Date.now();
    await press("restart");
    await eventually(async () => {
      const [server, bridge] = await restarts();
      expect(bridge).toBe(server);
      expect(server).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(Math.abs(Date.parse(server ?? "") - before)).toBeLessThan(patience);
    });
    await settled();
    await eventually(async () => expect((await podsOf()).filter((uid) => uids.includes(uid))).toEqual([]), patience);
    expect(await argoDiff([inGit()], serverSide)).toEqual([]);
    const asked = await restarts();
    await sync(inGit(), serverSide);
    await settled();
    expect(await restarts()).toEqual(asked);
  },
);

const podsOf = async () =>
  (await world.client.list(`/api/v1/namespaces/${world.namespace}/pods`))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.uid);

test("kubectl asks for a restart in the same way, with any value", async () => {
  await sync(inGit(), false);
  await settled();
  const ask = (value: string) =>
    kubectl(["-n", world.namespace, "annotate", "--overwrite", "cctd/team", `${annotation}=${value}`]);
  await ask("now");
  await eventually(async () => expect(await restarts()).toEqual(["now", "now"]));
  await settled();
  const long = `${"x".repeat(63)}…`;
  await ask(`${"x".repeat(70)}\n${"y".repeat(10_000)}`);
  await eventually(async () => expect(await restarts()).toEqual([long, long]));
  await settled();
});

test("what is paused restarts when it is resumed", async () => {
  await sync(inGit(), false);
  await settled();
  await press("pause");
  await untilCondition(world, "team", "Paused", { status: "True" }, patience);
  // Annotations have no generation to wait for: a change of the spec in the same write has.
  const change = { metadata: { annotations: { [annotation]: "later" } }, spec: { bridge: { logLevel: "debug" } } };
  await world.patch(cctelegramDeployments, "team", change);
  await untilCondition(world, "team", "Paused", { status: "True" }, patience);
  expect(await restarts()).toEqual([undefined, undefined]);
  await press("resume");
  await eventually(async () => expect(await restarts()).toEqual(["later", "later"]), patience);
  await settled();
});

test.each([false, true])(
  "a pause outlives a sync while Git does not speak of it (server-side: %s)",
  async (serverSide) => {
    await sync(inGit(), serverSide);
    await settled();
    await press("pause");
    await untilCondition(world, "team", "Paused", { status: "True" }, patience);
    expect(await argoDiff([inGit()], serverSide)).toEqual([]);
    await sync(inGit(), serverSide);
    expect((await readResource(world, "team")).spec.reconciliation).toBe("Paused");
    await press("resume");
    await settled();
    expect(await argoDiff([inGit()], serverSide)).toEqual([]);

    const active = inGit({ reconciliation: "Active" });
    await sync(active, serverSide);
    await press("pause");
    expect((await argoDiff([active], serverSide)).join()).toContain(".spec.reconciliation");
    await sync(active, serverSide);
    expect((await readResource(world, "team")).spec.reconciliation).toBe("Active");
  },
);

test.each([false, true])(
  "what hibernates sleeps on over a sync, until it is woken (server-side: %s)",
  async (serverSide) => {
    await sync(inGit(), serverSide);
    await settled();
    await press("hibernate");
    await untilCondition(world, "team", "Hibernated", { status: "True" }, patience);
    expect(await argoDiff([inGit()], serverSide)).toEqual([]);
    await sync(inGit(), serverSide);
    await untilCondition(world, "team", "Hibernated", { status: "True" }, patience);
    expect(await podsOf()).toEqual([]);
    await press("wake");
    await settled();
    expect(await argoDiff([inGit()], serverSide)).toEqual([]);
  },
);
