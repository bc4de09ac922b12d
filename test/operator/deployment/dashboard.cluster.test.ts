import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { running } from "./support/kubelet.ts";
import { broken, rolloutIn } from "./support/rollouts.ts";
import {
  changeSpec,
  collectionTimeout,
  conditionOf,
  createResource,
  createToken,
  environmentOf,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilReady,
  untilSettled,
  versions,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { minimalSpec, World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("dashboard");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

type Secret = KubernetesObject & { readonly data: Readonly<Record<string, string>> };
type Policy = {
  readonly spec: { readonly ingress: readonly { readonly from: object[]; readonly ports: { port: number }[] }[] };
};

const from = { namespaceSelector: { matchLabels: { team: "operations" } } };
const monitoring = (dashboard: object) => ({ monitoring: { ...minimalSpec.monitoring, dashboard } });
const enabled = monitoring({ mode: "Enabled", ingressFrom: [from] });

const decoded = async (key: string, name = "team-dashboard") =>
  Buffer.from((await world.get<Secret>(types.secrets, name)).data[key] ?? "", "base64").toString();

async function peersOfDashboard(name: string) {
  const policy = await world.get<Policy>(types.networkPolicies, name);
  return policy.spec.ingress.filter(({ ports }) => ports.some(({ port }) => port === 8081)).map((rule) => rule.from);
}

const podsGeneration = async () => (await world.get(types.deployments, "team-mcp-server")).metadata.generation;

test("a resource that does not ask for it has nothing of it", async () => {
  await createResource(world, "plain");
  await untilSettled(world, "plain");
  expect(await exists(world, types.services, "plain-dashboard")).toBe(false);
  expect(await exists(world, types.secrets, "plain-dashboard")).toBe(false);
  expect(JSON.stringify(await environmentOf(world, types.deployments, "plain-mcp-server"))).not.toContain("MONITORING");
});

test("one that asks has Service, password and rule, and rests", async () => {
  await createResource(world, "team", enabled);
  await untilSettled(world, "team");
  expect(await decoded("username")).toBe("admin");
  expect(await decoded("password")).toMatch(/^[0-9a-f]{64}$/);
  expect(await decoded("url")).toBe(`http://team-dashboard.${world.namespace}.svc:8081/`);
  expect((await world.get(types.services, "team-dashboard")).spec).toMatchObject({ type: "ClusterIP" });
  expect(await peersOfDashboard("team-mcp-server")).toEqual([[from]]);
  expect(await environmentOf(world, types.deployments, "team-mcp-server")).toMatchObject({
    MONITORING_SERVER_PORT: "8081",
    MONITORING_PASSWORD_FILE: "/etc/cctelegram/dashboard/password",
  });
  const before = await versions(world, "team");
  expect(before).toHaveProperty("services/team-dashboard");
  expect(await writesOfAnotherOperator(world, 2)).toEqual([]);
  expect(await versions(world, "team")).toEqual(before);
});

describe("its password", () => {
  test("is another one when the Secret was deleted, without new pods", async () => {
    const [before, generation] = [await decoded("password"), await podsGeneration()];
    await world.delete(types.secrets, "team-dashboard");
    await eventually(async () => expect(await decoded("password")).toMatch(/^[0-9a-f]{64}$/));
    expect(await decoded("password")).not.toBe(before);
    await untilSettled(world, "team");
    expect(await podsGeneration()).toBe(generation);
  });

  test("is the one that a person writes there, and what else is changed there is restored", async () => {
    const stringData = { password: "a password of our own", username: "root" };
    await world.patch(types.secrets, "team-dashboard", { stringData });
    await eventually(async () => expect(await decoded("username")).toBe("admin"));
    await untilSettled(world, "team");
    expect(await decoded("password")).toBe("a password of our own");
  });

  test("is a generated one again when it is emptied", async () => {
    await world.patch(types.secrets, "team-dashboard", { data: { password: "" } });
    await eventually(async () => expect(await decoded("password")).toMatch(/^[0-9a-f]{64}$/));
  });
});

test("peers come and go without new pods, and without any nobody may open it", async () => {
  const generation = await podsGeneration();
  await changeSpec(world, "team", monitoring({ ingressFrom: [] }));
  await eventually(async () => expect(await peersOfDashboard("team-mcp-server")).toEqual([]));
  await changeSpec(world, "team", monitoring({ ingressFrom: [from] }));
  await eventually(async () => expect(await peersOfDashboard("team-mcp-server")).toEqual([[from]]));
  expect(await podsGeneration()).toBe(generation);
});

test("switched off, Service, Secret and rule are gone, and the pods have no port for it", async () => {
  await changeSpec(world, "team", monitoring({ mode: "Disabled" }));
  await eventually(async () => {
    expect(await exists(world, types.services, "team-dashboard")).toBe(false);
    expect(await exists(world, types.secrets, "team-dashboard")).toBe(false);
    expect(await peersOfDashboard("team-mcp-server")).toEqual([]);
    expect(JSON.stringify(await world.get(types.deployments, "team-mcp-server"))).not.toMatch(/MONITORING|8081/);
  });
  await untilReady(world, "team");
});

test("switched off, its Secret stays for the servers of a version that has it, and comes back with them", async () => {
  const { history } = rolloutIn(world, "kept");
  const hasSecret = () => exists(world, types.secrets, "kept-dashboard");
  await createResource(world, "kept", enabled);
  await eventually(async () => expect(await history()).toBe("1 Active"));
  await untilSettled(world, "kept");

  await world.kubelet.report(broken("9.9.9"));
  await changeSpec(world, "kept", {
    ...monitoring({ mode: "Disabled" }),
    ...{ version: "9.9.9", rollout: { progressDeadlineSeconds: 10 } },
  });
  await untilCondition(world, "kept", "Stalled", { status: "True", reason: "RolledBack" });
  expect(await exists(world, types.services, "kept-dashboard")).toBe(false);
  // As when a node is drained: the pod in its place starts, too.
  const former = await serverPodsOf("kept");
  for (const { name } of former) await world.delete(types.pods, name);
  await eventually(async () => {
    const [pod, ...others] = await serverPodsOf("kept");
    expect(others).toEqual([]);
    expect(former.map(({ uid }) => uid)).not.toContain(pod?.uid);
    expect(pod?.phase).toBe("Running");
  });

  await changeSpec(world, "kept", { version: "1.3.0", rollout: { progressDeadlineSeconds: null } });
  await eventually(async () => expect(await history()).toBe("1 Superseded, 2 RolledBack, 3 Active"));
  await eventually(async () => expect(await hasSecret()).toBe(false));

  await world.patch(types.cctelegramDeployments, "kept", { metadata: { annotations: { "cctelegram.io/undo": "1" } } });
  await eventually(async () => expect(await history()).toBe("1 Active, 2 RolledBack, 3 Superseded"));
  expect(await hasSecret()).toBe(true);
  await world.kubelet.report(running);
});

async function serverPodsOf(resource: string) {
  const found = await world.client.list(resourcePath(types.pods, { namespace: world.namespace }), {
    labelSelector: `app.kubernetes.io/instance=${resource},app.kubernetes.io/component=mcp-server`,
  });
  return found.map(({ metadata: { name = "", uid }, status }) => ({ name, uid, ...(status as { phase: string }) }));
}

describe.each([
  ["Secret", types.secrets, { stringData: { password: "of somebody else", username: "somebody" } }],
  ["Service", types.services, { spec: { selector: { app: "theirs" }, ports: [{ port: 80 }] } }],
] as const)("a %s of somebody else that has its name", (kind, type, content) => {
  const name = `taken-${kind.toLowerCase()}`;
  const child = `${name}-dashboard`;

  test("is left alone, named with the way out, and never read by pods", async () => {
    const theirs = await world.post(type, { metadata: { name: child }, ...content });
    const expectUntouched = async () => {
      const live = await world.get(type, child);
      expect(live.metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
      expect(live.metadata.ownerReferences).toBeUndefined();
    };
    await createResource(world, name);
    await untilSettled(world, name);
    await changeSpec(world, name, enabled);
    const refused = await untilCondition(world, name, "Degraded", { status: "True", reason: "ChildRefused" });
    const message = conditionOf(refused, "Degraded")?.message;
    expect(message).toContain(`${kind} ${world.namespace}/${child} exists and was not made for ${name}`);
    expect(message).toContain(`annotate ${kind.toLowerCase()} ${child} cctelegram.io/adopt=${name}`);
    await expectUntouched();
    if (kind === "Secret") {
      const pods = JSON.stringify(await world.get(types.deployments, `${name}-mcp-server`));
      expect(pods).not.toMatch(/MONITORING|taken-secret-dashboard/);
    }

    await changeSpec(world, name, monitoring({ mode: "Disabled" }));
    await untilCondition(world, name, "Degraded", { status: "False" });
    await expectUntouched();
    await world.delete(types.cctelegramDeployments, name);
    await eventually(async () => {
      expect(await exists(world, types.serviceAccounts, `${name}-mcp-server`)).toBe(false);
    }, collectionTimeout);
    await expectUntouched();
  });
});

test("a resource with 8081 as its second port has to choose", async () => {
  const server = { ...minimalSpec.server, secondPort: 8081 };
  await expect(createResource(world, "both", { ...enabled, server })).rejects.toThrow(
    /the dashboard listens on 8081: set server.secondPort to another port, for example 3000/,
  );
  await createResource(world, "second", { server });
  await untilReady(world, "second");
  await expect(changeSpec(world, "second", enabled)).rejects.toThrow(/the dashboard listens on 8081/);
  expect((await readResource(world, "second")).spec).toMatchObject({ monitoring: { dashboard: { mode: "Disabled" } } });
});
