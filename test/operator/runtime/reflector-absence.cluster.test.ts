import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { customResource, reflect, withHeldLists, withWatchFrom } from "./reflected.ts";

let world: TestNamespace;

beforeAll(async () => {
  world = await testNamespace("reflector-absence");
});
afterAll(() => world.dispose());

test("410 Gone leads to a new list that notices deletions and leaves the unchanged alone", async () => {
  // The API server caches a new resource from now on: the first version of all is too old for it.
  const { custom, install, create, destroy } = customResource(world);
  await install();
  await vi.waitFor(() => create("gone-1"));
  await create("gone-2");
  const { client, release } = withHeldLists(withWatchFrom(world, "1"));
  const { reflector, store, changes, errors, count } = reflect(world, "custom", { client, type: custom });
  await reflector.synced;
  // Before the reflector lists after the error, one object is deleted, one is created, one stays.
  await vi.waitFor(async () => expect(await errors("watch")).toBe(1));
  await destroy("gone-1");
  await create("gone-3");
  release();
  await vi.waitFor(() => expect(store.list().map(({ name }) => name)).toEqual(["gone-2", "gone-3"]));
  expect(changes.map((change) => [change.type, (change.after ?? change.before)?.name])).toEqual([
    ["added", "gone-1"],
    ["added", "gone-2"],
    ["added", "gone-3"],
    ["deleted", "gone-1"],
  ]);
  expect(await count("reflectorLists")).toBe(2);
});

test("an optional resource may be missing, arrive, and leave again", async () => {
  const { custom, install, uninstall, create } = customResource(world);
  const { reflector, store, changes } = reflect(world, "custom", { type: custom, options: { optional: true } });
  await reflector.synced;
  expect(reflector.absent).toBe(true);
  expect(reflector.silentMs).toBe(0);
  await install();
  reflector.recheck();
  await vi.waitFor(() => expect(reflector.absent).toBe(false));
  await vi.waitFor(() => create("one"));
  await vi.waitFor(() => expect(store.size).toBe(1));
  await uninstall();
  await vi.waitFor(() => expect(reflector.absent).toBe(true));
  expect(store.size).toBe(0);
  expect(changes.map(({ type }) => type)).toEqual(["added", "deleted"]);
});

test("a resource that is needed keeps the reflector unsynced until it is there", async () => {
  const { custom, install } = customResource(world);
  const { reflector, errors } = reflect(world, "custom", { type: custom });
  await vi.waitFor(async () => expect(await errors("list")).toBeGreaterThan(2));
  expect(reflector.hasSynced).toBe(false);
  await install();
  await vi.waitFor(() => expect(reflector.hasSynced).toBe(true));
});
