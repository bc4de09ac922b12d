import { randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import { type Client, createClient } from "../../../operator/runtime/client.ts";
import type { KubernetesList, KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { type Change, Reflector, type ReflectorOptions } from "../../../operator/runtime/reflector.ts";
import { type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { Store, type Stored } from "../../../operator/runtime/store.ts";
import { realClock, type TestNamespace, testKubeConfig } from "./api-server.ts";
import { recordingLogger } from "./recording-logger.ts";
import { types } from "./samples.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

export type Item = Stored & { readonly value: string | undefined };

const type = types.configMap;

export const reduce = ({ metadata, data }: KubernetesObject): Item => {
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = metadata;
  return { namespace, name, uid, resourceVersion, value: (data as Record<string, string> | undefined)?.value };
};

type Setup = {
  readonly client?: Client;
  readonly type?: ResourceType;
  readonly options?: ReflectorOptions;
  readonly reduce?: (object: KubernetesObject) => Item;
  readonly onChange?: (change: Change<Item>) => void;
  readonly metadataOnly?: boolean;
};

/** A running reflector of the objects of one test, which have a label. */
export function reflect(world: TestNamespace, label: string, setup: Setup = {}) {
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

export const write = (world: TestNamespace, label: string, name: string, value: string) =>
  world.client.apply(
    type,
    { metadata: { name, namespace: world.namespace, labels: { test: label } }, data: { value } },
    { fieldManager: "test" },
  );

export const remove = (world: TestNamespace, name: string) => world.client.delete(type, world.namespace, name);

/** A client whose first watches ask for other versions than the reflector wants. */
export function withWatchFrom({ client }: TestNamespace, ...versions: string[]): Client {
  return {
    ...pick(client),
    watch: (path, query, signal, accept) => {
      const resourceVersion = versions.shift() ?? query.resourceVersion;
      return client.watch(path, { ...query, resourceVersion }, signal, accept);
    },
  };
}

/** The same client, whose lists after the first one wait until they are let go. */
export function withHeldLists(client: Client) {
  const released = Promise.withResolvers<void>();
  let lists = 0;
  const held: Client = {
    ...client,
    request: async (request) => {
      lists += 1;
      request.signal?.addEventListener("abort", () => released.resolve());
      if (lists > 1) await released.promise;
      return client.request(request);
    },
  };
  return { client: held, release: () => released.resolve() };
}

/** A client whose first list says that it is of the given version. */
export function withListOf({ client }: TestNamespace, ...versions: string[]): Client {
  return {
    ...pick(client),
    request: async (request) => {
      const page = await client.request<KubernetesList>(request);
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
    create: client.create.bind(client),
    apply: client.apply.bind(client),
    delete: client.delete.bind(client),
  };
}

/** A client whose connections can be cut and stalled. */
export async function proxied() {
  const proxy = await startTcpProxy(Number(new URL(testKubeConfig().getCurrentCluster()?.server ?? "").port));
  const client = createClient({
    kubeConfig: testKubeConfig(`https://127.0.0.1:${proxy.port}`),
    userAgent: "runtime-tests",
    timeoutMs: 5_000,
  });
  onTestFinished(async () => {
    client.close();
    await proxy.close();
  });
  return { proxy, client };
}

/** A resource that can be installed and removed. */
export function customResource(world: TestNamespace) {
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
