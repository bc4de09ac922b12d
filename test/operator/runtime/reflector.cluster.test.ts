import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { createClient } from "../../../operator/runtime/client.ts";
import { type TestNamespace, testKubeConfig, testNamespace } from "./api-server.ts";
import { reduce, reflect, remove, write } from "./reflected.ts";

let world: TestNamespace;

beforeAll(async () => {
  world = await testNamespace("reflector");
});
afterAll(() => world.dispose());

test("what exists comes as initial additions, what happens later as changes", async () => {
  await write(world, "basic", "basic-1", "a");
  const { reflector, changes, values } = reflect(world, "basic");
  await reflector.synced;
  expect(values()).toEqual({ "basic-1": "a" });
  await write(world, "basic", "basic-2", "b");
  await write(world, "basic", "basic-1", "c");
  await remove(world, "basic-2");
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
  for (let index = 0; index < 7; index += 1) await write(world, "pages", `pages-${index}`, String(index));
  const { reflector, store, count } = reflect(world, "pages", { options: { pageSize: 3 } });
  await reflector.synced;
  expect(store.size).toBe(7);
  expect(await count("reflectorLists")).toBe(1);
});

test("metadata alone can be watched", async () => {
  await write(world, "metadata", "metadata-1", "secret");
  const { reflector, store } = reflect(world, "metadata", { metadataOnly: true });
  await reflector.synced;
  expect(store.list().map(({ name, value }) => [name, value])).toEqual([["metadata-1", undefined]]);
  await write(world, "metadata", "metadata-2", "secret");
  await vi.waitFor(() => expect(store.size).toBe(2));
  expect(store.list().every(({ value }) => value === undefined)).toBe(true);
});

test("an exception of reduce or of a handler is counted and does not end the watch", async () => {
  const { reflector, values, errors } = reflect(world, "throws", {
    reduce: (object) => {
      if (object.metadata.name === "throws-1") throw new Error("cannot reduce");
      return reduce(object);
    },
    onChange: () => {
      throw new Error("cannot handle");
    },
  });
  await reflector.synced;
  await write(world, "throws", "throws-1", "a");
  await write(world, "throws", "throws-2", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "throws-2": "b" }));
  expect(await errors("reduce")).toBe(1);
  expect(await errors("handler")).toBe(1);
});

test("an own write is seen at once, and neither an older nor the same version from the watch brings news of it", async () => {
  const { reflector, values, changes } = reflect(world, "own");
  await reflector.synced;
  const object = await write(world, "own", "own-1", "a");
  reflector.observe(object);
  expect(values()).toEqual({ "own-1": "a" });
  await write(world, "own", "own-2", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "own-1": "a", "own-2": "b" }));
  // The watch may have been faster than the answer to the write; then it reported the change, once.
  expect(changes.filter(({ after }) => after?.name === "own-1").length).toBeLessThanOrEqual(1);
});

test("an own write that comes late does not bring back what is deleted since", async () => {
  const { reflector, values } = reflect(world, "late");
  await reflector.synced;
  const object = await write(world, "late", "late-1", "a");
  await remove(world, "late-1");
  await write(world, "late", "late-2", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "late-2": "b" }));
  reflector.observe(object);
  expect(values()).toEqual({ "late-2": "b" });
});

test("a client without rights goes on trying and says why", async () => {
  const kubeConfig = testKubeConfig();
  kubeConfig.users = kubeConfig.users.map(({ name }) => ({ name, token: "wrong" }));
  const client = createClient({ kubeConfig, userAgent: "runtime-tests" });
  onTestFinished(() => client.close());
  const { reflector, errors, logger } = reflect(world, "rights", { client });
  await vi.waitFor(async () => expect(await errors("list")).toBeGreaterThan(2));
  expect(reflector.hasSynced).toBe(false);
  expect(JSON.stringify(logger.entries)).not.toContain("wrong");
});
