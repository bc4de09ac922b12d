import { describe, expect, test } from "vitest";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { type Change, Mirror } from "../../../operator/runtime/mirror.ts";
import { Store, type Stored } from "../../../operator/runtime/store.ts";

const object = (name: string, version: number, uid = "u"): KubernetesObject => ({
  metadata: { namespace: "ns", name, uid, resourceVersion: String(version) },
});

function makeMirror() {
  const store = new Store<Stored>();
  const changes: string[] = [];
  const tell = (change: Change<Stored>) =>
    changes.push(
      `${change.type} ${(change.after ?? change.before)?.name}@${(change.after ?? change.before)?.resourceVersion}`,
    );
  const reduce = ({ metadata }: KubernetesObject): Stored => ({
    namespace: metadata.namespace!,
    name: metadata.name!,
    uid: metadata.uid!,
    resourceVersion: metadata.resourceVersion!,
  });
  const mirror = new Mirror<Stored>({ store, reduce, onChange: tell, onFailure: () => {} });
  const versions = () => Object.fromEntries(store.list().map(({ name, resourceVersion }) => [name, resourceVersion]));
  return { mirror, changes, versions };
}

test("what one mirror's list lacks is forgotten in its own namespace alone", () => {
  const store = new Store<Stored>();
  const gone: string[] = [];
  const mirrorOf = (namespace: string) =>
    new Mirror<Stored>({
      store,
      namespace,
      reduce: ({ metadata }) => ({
        namespace,
        name: metadata.name!,
        uid: "u",
        resourceVersion: metadata.resourceVersion!,
      }),
      onChange: ({ type, before }) => type === "deleted" && gone.push(`${before.namespace}/${before.name}`),
      onFailure: () => {},
    });
  const [here, there] = [mirrorOf("here"), mirrorOf("there")];
  const at = (namespace: string, name: string) => ({ metadata: { namespace, name, uid: "u", resourceVersion: "5" } });
  here.put(at("here", "a"));
  there.put(at("there", "b"));
  here.startReplacement().finish();
  expect(gone).toEqual(["here/a"]);
  here.clear();
  expect(gone).toEqual(["here/a"]);
  there.clear();
  expect(gone).toEqual(["here/a", "there/b"]);
});

describe("an own write that overtakes the watch", () => {
  test("is not undone by the older events that follow, and its own event is no news", () => {
    const { mirror, changes, versions } = makeMirror();
    mirror.put(object("a", 5));
    mirror.observe(object("a", 9), "5");
    mirror.put(object("a", 7));
    expect(versions()).toEqual({ a: "9" });
    mirror.put(object("a", 9));
    mirror.put(object("a", 10));
    expect(versions()).toEqual({ a: "10" });
    expect(changes).toEqual(["added a@5", "updated a@10"]);
  });

  test("is not undone by the deletion of its predecessor", () => {
    const { mirror, versions } = makeMirror();
    mirror.put(object("a", 5, "old"));
    mirror.observe(object("a", 99, "new"), "5");
    mirror.remove(object("a", 8, "old"));
    expect(versions()).toEqual({ a: "99" });
    mirror.put(object("a", 99, "new"));
    mirror.remove(object("a", 100, "new"));
    expect(versions()).toEqual({});
  });

  test("is ignored when the watch has come further already", () => {
    const { mirror, versions } = makeMirror();
    mirror.put(object("a", 12));
    mirror.observe(object("a", 9), "12");
    mirror.observe(object("deleted-since", 11), "12");
    expect(versions()).toEqual({ a: "12" });
  });

  test("survives a list that began before it, and not one that began after it", () => {
    const { mirror, versions } = makeMirror();
    const running = mirror.startReplacement();
    mirror.observe(object("a", 9), undefined);
    running.finish();
    expect(versions()).toEqual({ a: "9" });
    const later = mirror.startReplacement();
    later.finish();
    expect(versions()).toEqual({});
  });
});

test("a list after a restore of etcd replaces what has higher versions", () => {
  const { mirror, versions } = makeMirror();
  mirror.put(object("a", 900));
  mirror.put(object("b", 901));
  const list = mirror.startReplacement();
  list.add(object("a", 40));
  list.finish();
  expect(versions()).toEqual({ a: "40" });
});

test("an object made again under the same name is news even with the same version", () => {
  const { mirror, changes } = makeMirror();
  mirror.put(object("a", 5, "old"));
  mirror.put(object("a", 5, "new"));
  expect(changes).toEqual(["added a@5", "updated a@5"]);
});
