import fc from "fast-check";
import { expect, test } from "vitest";
import { Store, type Stored } from "../../../operator/runtime/store.ts";

type Item = Stored & { readonly owners: readonly string[] };
const item = (namespace: string, name: string, owners: readonly string[] = []): Item => ({
  namespace,
  name,
  owners,
  uid: `${namespace}/${name}`,
  resourceVersion: "1",
});
const makeStore = () => new Store<Item>({ owner: ({ owners }) => owners });
const names = (items: readonly Item[]) => items.map(({ name }) => name).sort();

test("items are found by namespace and name, and by index", () => {
  const store = makeStore();
  store.set(item("a", "1", ["x"]));
  store.set(item("b", "1", ["x", "y"]));
  store.set(item("a", "2", ["x"]));
  expect(store.size).toBe(3);
  expect(store.get("b", "1")?.owners).toEqual(["x", "y"]);
  expect(names(store.byIndex("owner", "x"))).toEqual(["1", "1", "2"]);
  expect(names(store.byIndex("owner", "y"))).toEqual(["1"]);
  expect(store.byIndex("owner", "z")).toEqual([]);
});

test("an item that changes leaves the index values it had", () => {
  const store = makeStore();
  store.set(item("a", "1", ["x"]));
  expect(store.set(item("a", "1", ["y"]))?.owners).toEqual(["x"]);
  expect(store.byIndex("owner", "x")).toEqual([]);
  expect(names(store.byIndex("owner", "y"))).toEqual(["1"]);
  store.delete("a", "1");
  expect(store.byIndex("owner", "y")).toEqual([]);
  expect(store.delete("a", "1")).toBeUndefined();
  expect(store.size).toBe(0);
});

test("an unknown index is a mistake that shows", () => {
  expect(() => makeStore().byIndex("nope", "x")).toThrow('no index "nope"');
});

test("after any sequence of changes the index is what a search of all items finds", () => {
  const letter = fc.constantFrom("a", "b", "c");
  const change = fc.record({ namespace: letter, name: letter, owners: fc.uniqueArray(letter), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const store = makeStore();
      for (const { namespace, name, owners, remove } of changes) {
        if (remove) store.delete(namespace, name);
        else store.set(item(namespace, name, owners));
      }
      expect(store.list()).toHaveLength(store.size);
      for (const owner of ["a", "b", "c"]) {
        const found = store.list().filter(({ owners }) => owners.includes(owner));
        expect(new Set(store.byIndex("owner", owner))).toEqual(new Set(found));
      }
    }),
  );
});
