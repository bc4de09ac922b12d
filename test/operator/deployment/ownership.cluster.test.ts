import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adoptable, type Exported } from "../../../adoption/adoptable.ts";
import * as types from "../../../operator/deployment/resource-types.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import {
  changeSpec,
  collectionTimeout,
  conditionOf,
  createResource,
  createToken,
  environmentOf,
  eventsOf,
  eventually,
  exists,
  readResource,
  untilAnnounced,
  untilCondition,
  untilReady,
  untilSettled,
  writesOf,
} from "./support/steps.ts";
import { World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await World.create("owner");
  world.kubelet.start();
  await createToken(world);
  await world.startOperator();
});
afterAll(() => world.dispose());

const template = {
  metadata: { labels: { app: "theirs" } },
  spec: { containers: [{ name: "app", image: "docker.io/example/app:1" }] },
};
const selector = { matchLabels: { app: "theirs" } };
const exposure = { mode: "Ingress", host: "mcp.example.com", ingressClassName: "nginx" };
const people = { auth: { clients: [{ name: "db", permissions: ["*"] }] }, autoscaling: { mode: "Enabled" } };

/** An object for every type of child, created by `kubectl create`: without our labels, without an owner. */
const foreign = (resource: string): readonly { type: ResourceType; name: string; content: object }[] => [
  { type: types.deployments, name: `${resource}-mcp-server`, content: { spec: { replicas: 0, selector, template } } },
  {
    type: types.statefulSets,
    name: `${resource}-bridge`,
    content: { spec: { replicas: 0, serviceName: "theirs", selector, template } },
  },
  {
    type: types.services,
    name: `${resource}-bridge`,
    content: { spec: { selector: { app: "theirs" }, ports: [{ port: 80 }] } },
  },
  { type: types.serviceAccounts, name: `${resource}-bridge`, content: { automountServiceAccountToken: true } },
  { type: types.secrets, name: `${resource}-hmac`, content: { data: { secret: "c3RyaXBl" } } },
  { type: types.secrets, name: `${resource}-api-keys`, content: { data: { stripe: "c3RyaXBl" } } },
  { type: types.secrets, name: `${resource}-connection-db`, content: { data: { key: "UzNjcmV0RGI=" } } },
  {
    type: types.horizontalPodAutoscalers,
    name: `${resource}-mcp-server`,
    content: {
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "theirs" }, maxReplicas: 2 },
    },
  },
  {
    type: types.podDisruptionBudgets,
    name: `${resource}-bridge`,
    content: { spec: { maxUnavailable: 0, selector } },
  },
  {
    type: types.networkPolicies,
    name: `${resource}-bridge`,
    content: { spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
  },
  {
    type: types.ingresses,
    name: `${resource}-mcp-server`,
    content: { spec: { rules: [{ host: "theirs.example.com" }] } },
  },
];

test("the table names every type of child", () => {
  const named = new Set(foreign("x").map(({ type }) => type.plural));
  expect([...named].sort()).toEqual(types.childTypes.map(({ plural }) => plural).sort());
});

const create = (type: ResourceType, name: string, content: object) =>
  world.post(type, { metadata: { name }, ...content });

/** Only its creator has changed it. */
async function expectUntouched(type: ResourceType, { metadata }: KubernetesObject): Promise<void> {
  const live = await world.get(type, metadata.name!);
  expect(live.metadata.uid).toBe(metadata.uid);
  expect(live.metadata.ownerReferences).toBeUndefined();
  expect(live.metadata.labels).toEqual(metadata.labels);
  const managers = live.metadata.managedFields?.map(({ manager }) => manager);
  expect(managers).not.toContain("cctelegram-operator");
}

/** Many resources are looked at side by side, in ms. */
const patience = 60_000;

const untilRefused = (name: string, message: string) =>
  eventually(async () => {
    const resource = await readResource(world, name);
    expect(conditionOf(resource, "Degraded")).toMatchObject({ status: "True", reason: "ChildRefused" });
    expect(conditionOf(resource, "Degraded")?.message).toMatch(new RegExp(message));
    return resource;
  }, patience);

// Each has resources of its own, and spends its time on what the operator and the garbage collector do later.
describe.concurrent.each(
  foreign("x").map(({ type, name }, index) => ({ kind: type.kind, child: name.slice(1), index })),
)("a $kind of somebody else that is called like $child", ({ kind, index }) => {
  test("is left alone from the first try to the deletion of the resource, and named with the way out", async () => {
    const name = `first-${index}`;
    const entry = foreign(name)[index]!;
    const theirs = await create(entry.type, entry.name, entry.content);
    await createResource(world, name, { server: people, exposure });
    const { message } = conditionOf(await untilRefused(name, entry.name), "Degraded")!;
    expect(message).toContain(`${kind} ${world.namespace}/${entry.name} exists and was not made for ${name}`);
    expect(message).toContain(`annotate ${kind.toLowerCase()} ${entry.name} cctelegram.io/adopt=${name}`);
    await expectUntouched(entry.type, theirs);
    // Unneeded objects would be deleted if they were ours.
    await changeSpec(world, name, {
      networkPolicy: { mode: "Disabled" },
      server: { auth: { clients: [] }, autoscaling: { mode: "Disabled" } },
    });
    await eventually(async () => {
      const { metadata, status } = await readResource(world, name);
      expect(status?.observedGeneration).toBe(metadata.generation);
    });
    await expectUntouched(entry.type, theirs);
    await world.delete(types.cctelegramDeployments, name);
    await eventually(async () => {
      expect(await exists(world, types.serviceAccounts, `${name}-mcp-server`)).toBe(false);
    }, collectionTimeout);
    await expectUntouched(entry.type, theirs);
  });

  test("is left alone when it takes the place of a child while the resource runs", async () => {
    const name = `middle-${index}`;
    const entry = foreign(name)[index]!;
    await createResource(world, name, { server: people, exposure });
    await untilSettled(world, name, patience);
    await changeSpec(world, name, { reconciliation: "Paused" });
    await untilCondition(world, name, "Paused", { status: "True" }, patience);
    await world.delete(entry.type, entry.name);
    await eventually(async () => expect(await exists(world, entry.type, entry.name)).toBe(false), patience);
    const theirs = await create(entry.type, entry.name, entry.content);
    await changeSpec(world, name, { reconciliation: "Active" });
    await untilRefused(name, `${entry.name} exists and was not made for ${name}`);
    await expectUntouched(entry.type, theirs);
    await world.delete(types.cctelegramDeployments, name);
  });
});

test("a foreign object costs no write while it waits for a person", async () => {
  await create(types.services, "waits-bridge", { spec: { ports: [{ port: 80 }] } });
  await createResource(world, "waits");
  await untilRefused("waits", "waits-bridge");
  await untilAnnounced(world, "waits", "ChildRefused");
  await eventually(async () => expect((await readResource(world, "waits")).status?.servers).toBe("1/1"));
  await world.audit.reset();
  for (const logLevel of ["debug", "warn"]) {
    await changeSpec(world, "waits", { bridge: { logLevel } });
    await eventually(async () => {
      expect(await environmentOf(world, types.statefulSets, "waits-bridge")).toMatchObject({ LOG_LEVEL: logLevel });
    });
  }
  const writes = (await writesOf(world)).filter((write) => write.includes("services waits-bridge"));
  expect(writes).toEqual([]);
});

describe("an object that is handed over by its own annotation", () => {
  const adopt = (name: string) => ({ annotations: { "cctelegram.io/adopt": name } });

  test("becomes the resource's with the key that it holds", async () => {
    await world.post(types.secrets, {
      metadata: { name: "adopted-connection-claude", ...adopt("adopted") },
      stringData: { key: "a-key-that-clients-have-had-for-years", note: "theirs" },
    });
    await createResource(world, "adopted");
    await untilReady(world, "adopted");
    const { data, metadata } = await world.get<KubernetesObject & { data: Record<string, string> }>(
      types.secrets,
      "adopted-connection-claude",
    );
    expect(Buffer.from(data.key!, "base64").toString()).toBe("a-key-that-clients-have-had-for-years");
    expect(data).toHaveProperty("note");
    expect(data).toHaveProperty("url");
    expect(metadata.ownerReferences).toMatchObject([{ name: "adopted", controller: true }]);
  });

  test("is taken over when the annotation comes later, without a restart", async () => {
    await create(types.services, "later-bridge", { spec: { ports: [{ name: "theirs", port: 80 }] } });
    await createResource(world, "later");
    await untilRefused("later", "later-bridge");
    await world.patch(types.services, "later-bridge", { metadata: adopt("later") });
    await eventually(async () => {
      expect((await world.get(types.services, "later-bridge")).metadata.ownerReferences).toMatchObject([
        { name: "later", controller: true },
      ]);
    }, 70_000);
    await eventually(async () => untilReady(world, "later"), 70_000);
  });

  test("to another resource is not taken", async () => {
    await create(types.services, "wrong-bridge", { spec: { ports: [{ port: 80 }] } });
    await world.patch(types.services, "wrong-bridge", { metadata: adopt("somebody") });
    await createResource(world, "wrong");
    await untilRefused("wrong", "wrong-bridge");
    expect((await world.get(types.services, "wrong-bridge")).metadata.ownerReferences).toBeUndefined();
  });
});

test("a child from which a person takes owner and annotation is the person's, and is neither written nor deleted", async () => {
  await createResource(world, "kept");
  await untilSettled(world, "kept");
  const ownership = { ownerReferences: null, annotations: { "cctelegram.io/adopt": null } };
  const kept = await world.patch(types.services, "kept-bridge", { metadata: ownership, spec: { selector: null } });
  await untilRefused("kept", "Service .*/kept-bridge exists and was not made for kept");
  await world.delete(types.cctelegramDeployments, "kept");
  await eventually(async () => {
    expect(await exists(world, types.services, "kept-mcp-server")).toBe(false);
  }, collectionTimeout);
  const { metadata, spec } = await world.get(types.services, "kept-bridge");
  expect(metadata.uid).toBe(kept.metadata.uid);
  expect(metadata.ownerReferences).toBeUndefined();
  expect(spec).not.toHaveProperty("selector");
});

test("a Secret of another resource gives neither its key nor itself", async () => {
  // Active, it would delete the unneeded objects that it controls.
  const other = await createResource(world, "other", { reconciliation: "Paused" });
  const key = "a-key-of-another-resource-that-may-do-everything";
  const controller = { apiVersion: "cctelegram.io/v1alpha1", kind: "CCTelegramDeployment", controller: true };
  await world.post(types.secrets, {
    metadata: {
      name: "meets-connection-claude",
      labels: { "app.kubernetes.io/managed-by": "cctelegram-operator" },
      // Also with the annotation: as long as it has a controller, it is not handed over.
      annotations: { "cctelegram.io/adopt": "meets" },
      ownerReferences: [{ ...controller, name: "other", uid: other.metadata.uid }],
    },
    stringData: { key },
  });
  await createResource(world, "meets");
  await untilRefused("meets", "meets-connection-claude is controlled by CCTelegramDeployment other");
  const { data } = await world.get<{ data: Record<string, string> }>(types.secrets, "meets-api-keys");
  const accepted = Object.keys(JSON.parse(Buffer.from(data["api-keys.json"]!, "base64").toString()));
  expect(accepted).not.toContain(`sha256:${createHash("sha256").update(key).digest("hex")}`);
});

describe("after a restore", () => {
  type Saved = { readonly metadata: { readonly name: string }; readonly data: Record<string, string> };

  async function saved(name: string): Promise<Saved[]> {
    const secrets = await world.client.list<KubernetesObject & { data: Record<string, string> }>(
      `/api/v1/namespaces/${world.namespace}/secrets`,
      { labelSelector: `app.kubernetes.io/instance=${name}` },
    );
    return secrets.map(({ metadata, data }) => ({
      metadata: { name: metadata.name!, labels: metadata.labels, annotations: metadata.annotations },
      data,
    }));
  }

  const valuesOf = async (name: string) =>
    Object.fromEntries((await saved(name)).map(({ metadata, data }) => [metadata.name, data.key ?? data.secret]));

  async function removed(name: string): Promise<void> {
    await world.delete(types.cctelegramDeployments, name);
    await eventually(async () => expect(await saved(name)).toEqual([]), collectionTimeout);
  }

  test("of Secrets without their owner before the resource, clients keep their keys", async () => {
    await createResource(world, "velero");
    await untilReady(world, "velero");
    const [before, dump] = [await valuesOf("velero"), await saved("velero")];
    await removed("velero");
    for (const secret of dump) await world.post(types.secrets, secret);
    await createResource(world, "velero");
    await untilReady(world, "velero");
    expect(await valuesOf("velero")).toEqual(before);
  });

  test("of the resource before its Secrets, clients keep their keys too", async () => {
    await createResource(world, "plain");
    await untilReady(world, "plain");
    const [before, dump] = [await valuesOf("plain"), await saved("plain")];
    await removed("plain");
    await createResource(world, "plain");
    await untilReady(world, "plain");
    // What kubectl apply does with objects that exist already.
    for (const { metadata, data } of dump) await world.patch(types.secrets, metadata.name, { data });
    await eventually(async () => expect(await valuesOf("plain")).toEqual(before));
    await untilSettled(world, "plain");
    expect(await valuesOf("plain")).toEqual(before);
  });

  test("of objects that were exported with the owner of another cluster, clients keep their keys when they are made adoptable", async () => {
    await createResource(world, "moved");
    await untilReady(world, "moved");
    const before = await valuesOf("moved");
    const all = await Promise.all(
      [types.secrets, types.services, types.deployments, types.cctelegramDeployments].map((type) =>
        world.client.list<Exported>(resourcePath(type, { namespace: world.namespace })),
      ),
    );
    const kinds = ["Secret", "Service", "Deployment", "CCTelegramDeployment"];
    // As kubectl get shows them; a list of the API names no kinds.
    const dump = all.flatMap((objects, index) => objects.map((object) => ({ ...object, kind: kinds[index] ?? "" })));
    await removed("moved");
    const { objects } = adoptable(dump, "moved");
    expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(kinds));
    for (const object of objects) {
      const type = [types.secrets, types.services, types.deployments, types.cctelegramDeployments].find(
        ({ kind }) => kind === object.kind,
      );
      await world.post(type!, object);
    }
    await untilReady(world, "moved");
    expect(await valuesOf("moved")).toEqual(before);
  });

  test("without its connection Secret, a client's new key is announced", async () => {
    await createResource(world, "lost");
    await untilSettled(world, "lost");
    expect((await eventsOf(world, "lost")).map(({ reason }) => reason)).not.toContain("KeyGenerated");
    await world.delete(types.secrets, "lost-connection-claude");
    await untilAnnounced(world, "lost", "KeyGenerated");
  });

  test("of orphans of a resource that was deleted without them, a new resource takes them over", async () => {
    await createResource(world, "orphaned");
    await untilReady(world, "orphaned");
    const before = await valuesOf("orphaned");
    const { uid } = await world.get(types.deployments, "orphaned-mcp-server").then(({ metadata }) => metadata);
    await world.client.request({
      method: "DELETE",
      path: `/apis/cctelegram.io/v1alpha1/namespaces/${world.namespace}/cctelegramdeployments/orphaned`,
      body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Orphan" },
    });
    await eventually(async () => {
      expect(await exists(world, types.cctelegramDeployments, "orphaned")).toBe(false);
    }, collectionTimeout);
    await createResource(world, "orphaned");
    await untilReady(world, "orphaned");
    expect(await valuesOf("orphaned")).toEqual(before);
    expect((await world.get(types.deployments, "orphaned-mcp-server")).metadata.uid).toBe(uid);
  });
});
