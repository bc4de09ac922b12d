import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../operator/runtime/client.ts";
import { EventRecorder } from "../../../operator/runtime/event-recorder.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { Manager } from "../../../operator/runtime/manager.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { reconcileContext } from "../../../operator/runtime/reconcile-context.ts";
import { type ResourceType, resourcePath } from "../../../operator/runtime/resource-type.ts";
import { changesOf, presenceOf } from "../../../operator/runtime/sources.ts";
import { realClock, type TestNamespace, testKubeConfig, testNamespace } from "./api-server.ts";
import { addCopies, sourceDefinition } from "./copies.ts";
import { recordingLogger } from "./recording-logger.ts";
import { types } from "./samples.ts";

let world: TestNamespace;

beforeAll(async () => {
  world = await testNamespace("manager");
});
afterAll(() => world.dispose());

function createManager() {
  const client = createClient({ kubeConfig: testKubeConfig(), userAgent: "manager-tests" });
  const logger = recordingLogger(reconcileContext);
  const [metrics, stop] = [createMetrics(), new AbortController()];
  const shared = { client, clock: realClock, random: Math.random, logger, metrics };
  const events = new EventRecorder({
    ...shared,
    reportingController: "example.io/copies",
    reportingInstance: "copies-0",
    reconcileAnnotation: "example.io/reconcileID",
  });
  const parts = { ...shared, events, newId: randomUUID, namespaces: [world.namespace] };
  const manager = new Manager(parts);
  const start = () => {
    const watching = manager.watch(stop.signal);
    const leading = manager.lead(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await Promise.all([watching, leading]);
      client.close();
    });
  };
  return { manager, parts, logger, start };
}

const write = (name: string, value: string) =>
  world.client.apply(
    types.configMap,
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: world.namespace, name, labels: { "example.io/copy": "true" } },
      data: { value },
    },
    { fieldManager: "a-person" },
  );

const read = (type: ResourceType, name: string): Promise<KubernetesObject | undefined> =>
  world.client.get(resourcePath(type, { namespace: world.namespace, name })).then(
    (object) => object as KubernetesObject,
    () => undefined,
  );

test("a second controller costs a file, and shares the watch of the first", async () => {
  const { manager, parts, logger, start } = createManager();
  const seen: string[] = [];
  const informer = manager.informer(sourceDefinition);
  manager.add({
    name: "counter",
    sources: [changesOf(informer, { keys: (source) => [source] })],
    reconcile: async ({ name }) => {
      seen.push(name);
      return {};
    },
  });
  addCopies(manager, parts);
  await write("early", "one");
  start();
  expect(manager.reflectors.map(({ resource }) => resource)).toEqual(["configmaps", "configmaps"]);
  await write("late", "two");
  await vi.waitFor(async () => {
    expect((await read(types.configMap, "early-copy"))?.data).toEqual({ value: "one" });
    expect((await read(types.configMap, "late-copy"))?.data).toEqual({ value: "two" });
  });
  await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(["early", "late"])));

  await vi.waitFor(async () => {
    const copied = logger.entries.filter(({ message }) => message === "copied");
    const ids = copied.map(({ fields }) => fields.reconcileID);
    expect(new Set(ids).size).toBe(2);
    const items = await world.client.list(resourcePath(types.event, { namespace: world.namespace }));
    const told = items.map(({ metadata }) => metadata.annotations?.["example.io/reconcileID"]);
    expect(new Set(told)).toEqual(new Set(ids));
  });
});

test("what somebody else changes or deletes of a copy is put right, and another's object is left alone", async () => {
  const { manager, parts, logger, start } = createManager();
  addCopies(manager, parts);
  const foreign = { namespace: world.namespace, name: "theirs-copy" };
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: foreign, data: { value: "theirs" } };
  await world.client.request({ method: "POST", path: resourcePath(types.configMap, world), body });
  await write("ours", "one");
  await write("theirs", "two");
  start();
  await vi.waitFor(async () => expect(await read(types.configMap, "ours-copy")).toBeDefined());
  await world.client.delete(types.configMap, world.namespace, "ours-copy");
  await vi.waitFor(async () => expect(await read(types.configMap, "ours-copy")).toBeDefined());
  await write("ours", "three");
  await vi.waitFor(async () => expect((await read(types.configMap, "ours-copy"))?.data).toEqual({ value: "three" }));
  await vi.waitFor(() => expect(logger.entries.some(({ fields }) => fields.name === "theirs")).toBe(true));
  expect((await read(types.configMap, "theirs-copy"))?.data).toEqual({ value: "theirs" });
});

test("a definition that comes after the start of the watches is refused", () => {
  const { manager, start } = createManager();
  start();
  expect(() => manager.informer(sourceDefinition)).toThrow("the watches run already, without configmaps");
});

test("a type that is not installed counts as empty", async () => {
  const { manager, start } = createManager();
  const type = { ...types.configMap, group: "example.io", plural: "examples", kind: "Example" };
  const informer = manager.informer({ ...sourceDefinition, type, optional: true });
  manager.add({
    name: "optional",
    sources: [presenceOf([informer], () => [])],
    reconcile: async () => ({}),
  });
  start();
  await Promise.all(manager.reflectors.map(({ synced }) => synced));
  expect(informer.present).toBe(false);
  expect(informer.store.size).toBe(0);
});
