import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Cluster, up } from "../../../e2e/cluster/cluster.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Reflector } from "../../../operator/runtime/reflector.ts";
import { Store, type Stored } from "../../../operator/runtime/store.ts";
import { realClock } from "./api-server.ts";
import { recordingLogger } from "./recording-logger.ts";
import { types } from "./samples.ts";

/** A separate control plane: restarting the API server would disturb the other tests. */
let cluster: Cluster;
beforeAll(async () => {
  cluster = await up({ name: "runtime-restart", nodes: 0 });
}, 900_000);
afterAll(() => cluster?.down());

test("an API server that restarts while objects change hides nothing from a watch", async () => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  const client = createClient({ kubeConfig, userAgent: "runtime-tests" });
  const store = new Store<Stored & { readonly value: string }>();
  const stop = new AbortController();
  const reflector = new Reflector({
    client,
    type: types.configMap,
    labelSelector: "test=restart",
    reduce: ({ metadata, data }) => ({
      namespace: metadata.namespace ?? "",
      name: metadata.name ?? "",
      uid: metadata.uid ?? "",
      resourceVersion: metadata.resourceVersion ?? "",
      value: (data as { value: string }).value,
    }),
    store,
    onChange: () => {},
    clock: realClock,
    random: Math.random,
    logger: recordingLogger(),
    metrics: createMetrics(),
  });
  const running = reflector.run(stop.signal);
  await reflector.synced;
  const expected: Record<string, string> = {};
  /** Writes, and retries while the server is away. */
  const write = async (name: string, value: string) => {
    await vi.waitFor(
      () =>
        client.apply(
          types.configMap,
          { metadata: { name, namespace: "default", labels: { test: "restart" } }, data: { value } },
          { fieldManager: "test" },
        ),
      { timeout: 60_000, interval: 100 },
    );
    expected[name] = value;
  };
  const remove = async (name: string) => {
    await vi.waitFor(() => client.delete(types.configMap, "default", name), { timeout: 60_000, interval: 100 });
    delete expected[name];
  };
  await write("stays", "0");
  await write("goes", "0");
  const restarted = cluster.restart("kube-apiserver");
  for (let index = 0; index < 30; index += 1) {
    await write(`new-${index}`, "0");
    await write("stays", String(index));
    if (index % 3 === 0) await remove(`new-${index}`);
  }
  await remove("goes");
  await restarted;
  await write("stays", "after");
  const values = () => Object.fromEntries(store.list().map(({ name, value }) => [name, value]));
  await vi.waitFor(() => expect(values()).toEqual(expected), 60_000);
  stop.abort();
  await running;
  client.close();
});
