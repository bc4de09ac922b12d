import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import type { ResourceType } from "../../../operator/runtime/resource-type.ts";
import {
  changeSpec,
  collectionTimeout,
  createResource,
  createToken,
  environmentOf,
  eventually,
  exists,
  readResource,
  untilCondition,
  untilSettled,
  versions,
  writesOfAnotherOperator,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("heal");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
  await createResource(world, "team", {
    server: { ...clients, autoscaling: { mode: "Enabled" } },
    exposure: { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" },
  });
  await untilSettled(world, "team");
});
afterAll(() => world.dispose());

const clients = { auth: { clients: [{ name: "claude", permissions: ["*"] }] } };

/** Every kind of child, a harmful change to it, and where to look for it. */
const children: readonly { type: ResourceType; name: string; change: object; path: readonly (string | number)[] }[] = [
  {
    type: types.deployments,
    name: "team-mcp-server",
    change: { spec: { template: { spec: { serviceAccountName: "default" } } } },
    path: ["spec", "template", "spec", "serviceAccountName"],
  },
  {
    type: types.statefulSets,
    name: "team-bridge",
    change: { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } },
    path: ["spec", "template", "spec", "terminationGracePeriodSeconds"],
  },
  {
    type: types.services,
    name: "team-mcp-server",
    change: { spec: { selector: { "app.kubernetes.io/component": "nobody" } } },
    path: ["spec", "selector"],
  },
  {
    type: types.serviceAccounts,
    name: "team-bridge",
    change: { automountServiceAccountToken: true },
    path: ["automountServiceAccountToken"],
  },
  { type: types.secrets, name: "team-api-keys", change: { data: { "api-keys.json": "e30=" } }, path: ["data"] },
  {
    type: types.horizontalPodAutoscalers,
    name: "team-mcp-server",
    change: { spec: { maxReplicas: 99 } },
    path: ["spec"],
  },
  {
    type: types.podDisruptionBudgets,
    name: "team-bridge",
    change: { spec: { maxUnavailable: 0 } },
    path: ["spec", "maxUnavailable"],
  },
  { type: types.networkPolicies, name: "team-bridge", change: { spec: { egress: [{}] } }, path: ["spec"] },
  {
    type: types.ingresses,
    name: "team-mcp-server",
    change: { spec: { rules: [{ host: "theirs.example.com" }] } },
    path: ["spec"],
  },
];

test("the table names every kind of child", () => {
  expect(children.map(({ type }) => type.plural).sort()).toEqual(types.childTypes.map(({ plural }) => plural).sort());
});

describe.each(children.map((child) => ({ ...child, kind: child.type.kind })))("a $kind", (child) => {
  const at = (object: KubernetesObject) =>
    child.path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], object);

  test("that was changed by hand is what it was again", async () => {
    const wanted = at(await world.get(child.type, child.name));
    const changed = await world.patch(child.type, child.name, child.change);
    expect(at(changed)).not.toEqual(wanted);
    await eventually(async () => expect(at(await world.get(child.type, child.name))).toEqual(wanted));
  });

  test("whose labels or owner were taken away gets them back", async () => {
    const { labels, ownerReferences } = (await world.get(child.type, child.name)).metadata;
    await world.patch(child.type, child.name, {
      metadata: { labels: { "app.kubernetes.io/managed-by": null }, ownerReferences: null },
    });
    await eventually(async () => {
      expect((await world.get(child.type, child.name)).metadata).toMatchObject({ labels, ownerReferences });
    });
  });

  test("that was deleted comes back", async () => {
    const { uid } = (await world.get(child.type, child.name)).metadata;
    await world.delete(child.type, child.name);
    await eventually(async () => {
      const { metadata } = await world.get(child.type, child.name);
      expect(metadata.uid).not.toBe(uid);
      expect(metadata.deletionTimestamp).toBeUndefined();
    });
  });
});

test("children keep foreign labels and annotations, and they cause no write", async () => {
  await untilSettled(world, "team");
  const foreign = { labels: { "example.io/team": "blue" }, annotations: { "example.io/note": "mine" } };
  for (const { type, name } of children) await world.patch(type, name, { metadata: foreign });
  // Events and status may still tell of the previous repair.
  const isTold = (write: string) => write.includes(" events ") || write.includes(" status ");
  expect((await writesOfAnotherOperator(world)).filter((write) => !isTold(write))).toEqual([]);
  for (const { type, name } of children) expect((await world.get(type, name)).metadata).toMatchObject(foreign);
});

describe("generated values", () => {
  const valuesOf = async () => {
    const [hmac, claude] = await Promise.all(
      ["team-hmac", "team-connection-claude"].map(async (name) => (await world.get(types.secrets, name)).data),
    );
    return { hmac, claude };
  };

  test("stay over a restart of the operator and changes of the spec", async () => {
    await untilSettled(world, "team");
    const before = await valuesOf();
    await world.restartOperator();
    await changeSpec(world, "team", { server: { logLevel: "debug" } });
    await eventually(async () => {
      expect(await environmentOf(world, types.deployments, "team-mcp-server")).toMatchObject({ LOG_LEVEL: "debug" });
    });
    await untilSettled(world, "team");
    expect(await valuesOf()).toEqual(before);
  });

  test("are new when their Secret was deleted, and the server is told the new key", async () => {
    const before = await valuesOf();
    const known = (await world.get(types.secrets, "team-api-keys")).data;
    await world.delete(types.secrets, "team-connection-claude");
    await eventually(async () => {
      expect((await valuesOf()).claude).not.toEqual(before.claude);
      expect((await world.get(types.secrets, "team-api-keys")).data).not.toEqual(known);
    });
    expect((await valuesOf()).hmac).toEqual(before.hmac);
  });
});

test("a paused resource is left as people change it, and healed when it is active again", async () => {
  await changeSpec(world, "team", { reconciliation: "Paused" });
  await untilCondition(world, "team", "Paused", { status: "True" });
  await world.delete(types.serviceAccounts, "team-bridge");
  await world.patch(types.services, "team-bridge", { spec: { publishNotReadyAddresses: false } });
  await changeSpec(world, "team", { bridge: { logLevel: "debug" } });
  await world.restartOperator();
  await untilCondition(world, "team", "Paused", { status: "True" });
  expect(await exists(world, types.serviceAccounts, "team-bridge")).toBe(false);
  expect((await world.get(types.services, "team-bridge")).spec).not.toHaveProperty("publishNotReadyAddresses");

  await changeSpec(world, "team", { reconciliation: "Active" });
  await untilCondition(world, "team", "Paused", { status: "False" });
  await untilSettled(world, "team");
  expect(await environmentOf(world, types.statefulSets, "team-bridge")).toMatchObject({ LOG_LEVEL: "debug" });
  expect(await exists(world, types.serviceAccounts, "team-bridge")).toBe(true);
  expect((await world.get(types.services, "team-bridge")).spec).toMatchObject({ publishNotReadyAddresses: true });
});

test("deleting the resource deletes everything that it made", async () => {
  const { uid } = (await readResource(world, "team")).metadata;
  const before = Object.keys(await versions(world, "team"));
  expect(before.length).toBeGreaterThan(13);
  await world.delete(types.cctelegramDeployments, "team");
  await eventually(async () => {
    const owned = await Promise.all(
      types.childTypes.map(async (type) => {
        const path = `/${type.group ? `apis/${type.group}` : "api"}/${type.version}/namespaces/${world.namespace}/${type.plural}`;
        const objects = await world.client.list(path);
        return objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
      }),
    );
    expect(owned.flat().map(({ metadata }) => metadata.name)).toEqual([]);
  }, collectionTimeout);
});
