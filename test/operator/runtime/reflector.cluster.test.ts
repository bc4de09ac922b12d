import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Client, createClient } from "../../../operator/runtime/client.ts";
import type { KubernetesList, KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { type Change, Reflector, type ReflectorOptions } from "../../../operator/runtime/reflector.ts";
import { type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { Store, type Stored } from "../../../operator/runtime/store.ts";
import { realClock, type TestNamespace, testKubeConfig, testNamespace } from "./api-server.ts";
import { recordingLogger } from "./recording-logger.ts";
import { types } from "./samples.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

type Item = Stored & { readonly value: string | undefined };

const type = types.configMap;
let world: TestNamespace;

beforeAll(async () => {
  world = await testNamespace("reflector");
});
afterAll(() => world.dispose());

const reduce = (object: KubernetesObject): Item => ({
  namespace: object.metadata.namespace ?? "",
  name: object.metadata.name!,
  uid: object.metadata.uid!,
  resourceVersion: object.metadata.resourceVersion!,
  value: (object.data as Record<string, string> | undefined)?.value,
});

type Setup = {
  readonly client?: Client;
  readonly type?: ResourceType;
  readonly options?: ReflectorOptions;
  readonly reduce?: (object: KubernetesObject) => Item;
  readonly onChange?: (change: Change<Item>) => void;
  readonly metadataOnly?: boolean;
};

/** A running reflector of the objects of one test, which a label tells apart. */
function reflect(label: string, setup: Setup = {}) {
  const store = new Store<Item>();
  const changes: Change<Item>[] = [];
  const metrics = createMetrics();
  const logger = recordingLogger();
  const stop = new AbortController();
  const reflector = new Reflector<Item>({
    client: setup.client ?? world.client,
    type: setup.type ?? type,
    namespace: world.namespace,
    labelSelector: `test=${label}`,
    metadataOnly: setup.metadataOnly ?? false,
    reduce: setup.reduce ?? reduce,
    store,
    onChange: (change) => {
      changes.push(change);
      setup.onChange?.(change);
    },
    clock: realClock,
    random: Math.random,
    logger,
    metrics,
    options: { backoff: { baseMs: 20, maxMs: 200 }, ...setup.options },
  });
  const running = reflector.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const count = async (name: "reflectorLists" | "reflectorWatches" | "reflectorWatchStalls") =>
    (await metrics[name].get()).values[0]?.value ?? 0;
  const errors = async (kind: string) =>
    (await metrics.reflectorErrors.get()).values.find(({ labels }) => labels.kind === kind)?.value ?? 0;
  const values = () => Object.fromEntries(store.list().map(({ name, value }) => [name, value]));
  return { reflector, store, changes, logger, count, errors, values };
}

const write = (label: string, name: string, value: string) =>
  world.client.apply(
    type,
    { metadata: { name, namespace: world.namespace, labels: { test: label } }, data: { value } },
    { fieldManager: "test" },
  );
const remove = (name: string) => world.client.delete(type, world.namespace, name);

/** A client whose first watches ask for other versions than the reflector wants. */
function withWatchFrom(...versions: string[]): Client {
  return {
    ...pick(world.client),
    watch: (path, query, signal, accept) => {
      const resourceVersion = versions.shift() ?? query.resourceVersion;
      return world.client.watch(path, { ...query, resourceVersion }, signal, accept);
    },
  };
}

/** A client whose first list says that it is of the given version. */
function withListOf(...versions: string[]): Client {
  return {
    ...pick(world.client),
    request: async (request) => {
      const page = await world.client.request<KubernetesList>(request);
      const resourceVersion = versions.shift() ?? page.metadata.resourceVersion;
      return { ...page, metadata: { ...page.metadata, resourceVersion } } as never;
    },
  };
}

function pick(client: Client): Client {
  return {
    get: client.get.bind(client),
    list: client.list.bind(client),
    request: client.request.bind(client),
    watch: client.watch.bind(client),
    apply: client.apply.bind(client),
    delete: client.delete.bind(client),
  };
}

async function proxied() {
  const proxy = await startTcpProxy(Number(new URL(testKubeConfig().getCurrentCluster()!.server).port));
  const client = createClient({
    kubeConfig: testKubeConfig(`https://127.0.0.1:${proxy.port}`),
    userAgent: "runtime-tests",
    timeoutMs: 1000,
  });
  onTestFinished(async () => {
    client.close();
    await proxy.close();
  });
  return { proxy, client };
}

test("what exists comes as initial additions, what happens later as changes", async () => {
  await write("basic", "basic-1", "a");
  const { reflector, changes, values } = reflect("basic");
  await reflector.synced;
  expect(values()).toEqual({ "basic-1": "a" });
  await write("basic", "basic-2", "b");
  await write("basic", "basic-1", "c");
  await remove("basic-2");
  await vi.waitFor(() => expect(values()).toEqual({ "basic-1": "c" }));
  await vi.waitFor(() => expect(changes).toHaveLength(4));
  expect(changes.map(({ type, initial }) => [type, initial])).toEqual([
    ["added", true],
    ["added", false],
    ["updated", false],
    ["deleted", false],
  ]);
});

test("a list of several pages is taken in whole", async () => {
  for (let index = 0; index < 7; index += 1) await write("pages", `pages-${index}`, String(index));
  const { reflector, store, count } = reflect("pages", { options: { pageSize: 3 } });
  await reflector.synced;
  expect(store.size).toBe(7);
  expect(await count("reflectorLists")).toBe(1);
});

test("metadata alone can be watched", async () => {
  await write("metadata", "metadata-1", "secret");
  const { reflector, store } = reflect("metadata", { metadataOnly: true });
  await reflector.synced;
  expect(store.list().map(({ name, value }) => [name, value])).toEqual([["metadata-1", undefined]]);
  await write("metadata", "metadata-2", "secret");
  await vi.waitFor(() => expect(store.size).toBe(2));
  expect(store.list().every(({ value }) => value === undefined)).toBe(true);
});

test("a version from the future, as after a restore of etcd, leads to a new list", async () => {
  await write("future", "future-1", "a");
  const { reflector, values, count } = reflect("future", {
    client: withListOf("999999999999"),
    options: { stallTimeoutMs: 400 },
  });
  await reflector.synced;
  await vi.waitFor(async () => expect(await count("reflectorLists")).toBe(2), 10_000);
  await write("future", "future-1", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "future-1": "b" }), 5000);
});

test("a connection that is cut loses nothing and needs no new list", async () => {
  const { proxy, client } = await proxied();
  const { reflector, values, count } = reflect("cut", { client });
  await reflector.synced;
  await write("cut", "cut-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "cut-1": "a" }));
  proxy.cut();
  await write("cut", "cut-1", "b");
  await write("cut", "cut-2", "c");
  await remove("cut-1");
  proxy.resume();
  await vi.waitFor(() => expect(values()).toEqual({ "cut-2": "c" }), 5000);
  expect(await count("reflectorLists")).toBe(1);
});

test("a watch on which nothing comes any more is given up and resumed", async () => {
  const { proxy, client } = await proxied();
  const { reflector, values, count, logger } = reflect("stall", { client, options: { stallTimeoutMs: 1500 } });
  await reflector.synced;
  await write("stall", "stall-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "stall-1": "a" }));
  const before = await count("reflectorWatchStalls");
  proxy.stall();
  await write("stall", "stall-1", "b");
  await vi.waitFor(async () => expect(await count("reflectorWatchStalls")).toBeGreaterThan(before), 5000);
  expect(values()).toEqual({ "stall-1": "a" });
  proxy.resume();
  await vi.waitFor(() => expect(values()).toEqual({ "stall-1": "b" }), 8000);
  expect(logger.entries.some(({ message }) => message.includes("silent"))).toBe(true);
});

test("a server that has nothing to say and sends no bookmarks is not taken for a stalled one", async () => {
  const { reflector, values, count } = reflect("quiet", { options: { stallTimeoutMs: 2500 } });
  await reflector.synced;
  await vi.waitFor(async () => expect(await count("reflectorWatches")).toBeGreaterThanOrEqual(4), 12_000);
  expect(await count("reflectorWatchStalls")).toBe(1);
  expect(await count("reflectorLists")).toBe(1);
  expect(reflector.silentMs).toBeLessThan(2500);
  await write("quiet", "quiet-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "quiet-1": "a" }));
}, 20_000);

test("a watch that the server ends is resumed without a new list", async () => {
  const { reflector, values, count } = reflect("ended", { options: { watchTimeoutSeconds: { min: 1, max: 1 } } });
  await reflector.synced;
  await vi.waitFor(async () => expect(await count("reflectorWatches")).toBeGreaterThanOrEqual(3), 8000);
  await write("ended", "ended-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "ended-1": "a" }));
  expect(await count("reflectorLists")).toBe(1);
});

test("an exception of reduce or of a handler is counted and does not end the watch", async () => {
  const { reflector, values, errors } = reflect("throws", {
    reduce: (object) => {
      if (object.metadata.name === "throws-1") throw new Error("cannot reduce");
      return reduce(object);
    },
    onChange: () => {
      throw new Error("cannot handle");
    },
  });
  await reflector.synced;
  await write("throws", "throws-1", "a");
  await write("throws", "throws-2", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "throws-2": "b" }));
  expect(await errors("reduce")).toBe(1);
  expect(await errors("handler")).toBe(1);
});

test("an own write is seen at once, and neither an older nor the same version from the watch brings news of it", async () => {
  const { reflector, values, changes } = reflect("own");
  await reflector.synced;
  const object = await write("own", "own-1", "a");
  reflector.observe(object);
  expect(values()).toEqual({ "own-1": "a" });
  await write("own", "own-2", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "own-1": "a", "own-2": "b" }));
  // The watch may have been quicker than the answer to the write; then it told, once.
  expect(changes.filter(({ after }) => after?.name === "own-1").length).toBeLessThanOrEqual(1);
});

test("an own write that comes late does not bring back what is deleted since", async () => {
  const { reflector, values } = reflect("late");
  await reflector.synced;
  const object = await write("late", "late-1", "a");
  await remove("late-1");
  await write("late", "late-2", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "late-2": "b" }));
  reflector.observe(object);
  expect(values()).toEqual({ "late-2": "b" });
});

function customResource() {
  const group = `g${randomBytes(4).toString("hex")}.example.io`;
  const custom: ResourceType = { group, version: "v1", plural: "things", kind: "Thing", namespaced: true };
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "things", singular: "thing", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const install = () => world.client.request({ method: "POST", path, body: crd });
  const uninstall = () =>
    world.client.request({ method: "DELETE", path: `${path}/things.${group}` }).catch(() => undefined);
  onTestFinished(async () => void (await uninstall()));
  const create = (name: string) =>
    world.client.request({
      method: "POST",
      path: resourcePath(custom, { namespace: world.namespace }),
      body: { apiVersion: `${group}/v1`, kind: "Thing", metadata: { name, labels: { test: "custom" } } },
    });
  const destroy = (name: string) => world.client.delete(custom, world.namespace, name);
  return { custom, install, uninstall, create, destroy };
}

test("410 Gone leads to a new list that notices deletions and leaves the unchanged alone", async () => {
  // The API server caches a new resource from now on: the first version of all is too old for it.
  const { custom, install, create, destroy } = customResource();
  await install();
  await vi.waitFor(() => create("gone-1"), 10_000);
  await create("gone-2");
  const { reflector, store, changes, errors, count } = reflect("custom", {
    client: withWatchFrom("1"),
    type: custom,
    options: { backoff: { baseMs: 1500, maxMs: 1500 } },
  });
  await reflector.synced;
  // While the reflector rests from the error, one object goes, one comes, one stays.
  await vi.waitFor(async () => expect(await errors("watch")).toBe(1));
  await destroy("gone-1");
  await create("gone-3");
  await vi.waitFor(() => expect(store.list().map(({ name }) => name)).toEqual(["gone-2", "gone-3"]), 5000);
  expect(changes.map((change) => [change.type, (change.after ?? change.before)?.name])).toEqual([
    ["added", "gone-1"],
    ["added", "gone-2"],
    ["added", "gone-3"],
    ["deleted", "gone-1"],
  ]);
  expect(await count("reflectorLists")).toBe(2);
}, 30_000);

test("an optional resource may be missing, arrive, and leave again", async () => {
  const { custom, install, uninstall, create } = customResource();
  const { reflector, store, changes } = reflect("custom", { type: custom, options: { optional: true } });
  await reflector.synced;
  expect(reflector.absent).toBe(true);
  expect(reflector.silentMs).toBe(0);
  await install();
  reflector.recheck();
  await vi.waitFor(() => expect(reflector.absent).toBe(false), 10_000);
  await vi.waitFor(() => create("one"), 5000);
  await vi.waitFor(() => expect(store.size).toBe(1), 5000);
  await uninstall();
  await vi.waitFor(() => expect(reflector.absent).toBe(true), 15_000);
  expect(store.size).toBe(0);
  expect(changes.map(({ type }) => type)).toEqual(["added", "deleted"]);
}, 40_000);

test("a resource that is needed keeps the reflector unsynced until it is there", async () => {
  const { custom, install } = customResource();
  const { reflector, errors } = reflect("custom", { type: custom });
  await vi.waitFor(async () => expect(await errors("list")).toBeGreaterThan(2), 5000);
  expect(reflector.hasSynced).toBe(false);
  await install();
  await vi.waitFor(() => expect(reflector.hasSynced).toBe(true), 10_000);
}, 30_000);

test("a client without rights goes on trying and says why", async () => {
  const kubeConfig = testKubeConfig();
  kubeConfig.users = kubeConfig.users.map(({ name }) => ({ name, token: "wrong" }));
  const client = createClient({ kubeConfig, userAgent: "runtime-tests" });
  onTestFinished(() => client.close());
  const { reflector, errors, logger } = reflect("rights", { client });
  await vi.waitFor(async () => expect(await errors("list")).toBeGreaterThan(2), 5000);
  expect(reflector.hasSynced).toBe(false);
  expect(JSON.stringify(logger.entries)).not.toContain("wrong");
});
