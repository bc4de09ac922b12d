import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { proxied, reflect, remove, withListOf, write } from "./reflected.ts";

let world: TestNamespace;

beforeAll(async () => {
  world = await testNamespace("reflector-connections");
});
afterAll(() => world.dispose());

test("a connection that is cut loses nothing and needs no new list", async () => {
  const { proxy, client } = await proxied();
  const { reflector, values, count } = reflect(world, "cut", { client });
  await reflector.synced;
  await write(world, "cut", "cut-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "cut-1": "a" }));
  proxy.cut();
  await write(world, "cut", "cut-1", "b");
  await write(world, "cut", "cut-2", "c");
  await remove(world, "cut-1");
  proxy.resume();
  await vi.waitFor(() => expect(values()).toEqual({ "cut-2": "c" }));
  expect(await count("reflectorLists")).toBe(1);
});

test("a watch on which nothing comes any more is given up and resumed", async () => {
  const { proxy, client } = await proxied();
  const { reflector, values, count, logger } = reflect(world, "stall", { client, options: { stallTimeoutMs: 1500 } });
  await reflector.synced;
  await write(world, "stall", "stall-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "stall-1": "a" }));
  const before = await count("reflectorWatchStalls");
  proxy.stall();
  await write(world, "stall", "stall-1", "b");
  await vi.waitFor(async () => expect(await count("reflectorWatchStalls")).toBeGreaterThan(before));
  expect(values()).toEqual({ "stall-1": "a" });
  proxy.resume();
  await vi.waitFor(() => expect(values()).toEqual({ "stall-1": "b" }));
  expect(logger.entries.some(({ message }) => message.includes("had no events"))).toBe(true);
});

test("a server that has nothing to say and sends no bookmarks is not taken for a stalled one", async () => {
  // The server ends a watch after four to six seconds, also a busy one before it counts as stalled.
  const stallTimeoutMs = 8_000;
  const { reflector, values, count } = reflect(world, "quiet", { options: { stallTimeoutMs } });
  await reflector.synced;
  await vi.waitFor(async () => expect(await count("reflectorWatches")).toBeGreaterThanOrEqual(3));
  expect(await count("reflectorWatchStalls")).toBe(1);
  expect(await count("reflectorLists")).toBe(1);
  expect(reflector.silentMs).toBeLessThan(stallTimeoutMs);
  await write(world, "quiet", "quiet-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "quiet-1": "a" }));
});

test("a watch that the server ends is resumed without a new list", async () => {
  const { reflector, values, count } = reflect(world, "ended", {
    options: { watchTimeoutSeconds: { min: 1, max: 1 } },
  });
  await reflector.synced;
  await vi.waitFor(async () => expect(await count("reflectorWatches")).toBeGreaterThanOrEqual(3));
  await write(world, "ended", "ended-1", "a");
  await vi.waitFor(() => expect(values()).toEqual({ "ended-1": "a" }));
  expect(await count("reflectorLists")).toBe(1);
});

test("a version from the future, as after a restore of etcd, leads to a new list", async () => {
  await write(world, "future", "future-1", "a");
  const { reflector, values, count } = reflect(world, "future", {
    client: withListOf(world, "999999999999"),
    options: { stallTimeoutMs: 400 },
  });
  await reflector.synced;
  await vi.waitFor(async () => expect(await count("reflectorLists")).toBe(2));
  await write(world, "future", "future-1", "b");
  await vi.waitFor(() => expect(values()).toEqual({ "future-1": "b" }));
});
