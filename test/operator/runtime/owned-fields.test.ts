import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../../operator/runtime/canonical-json.ts";
import type { FieldsV1, KubernetesObject, ManagedFieldsEntry } from "../../../operator/runtime/kubernetes-object.ts";
import {
  appliedEntries,
  desiredFields,
  desiredFingerprint,
  fingerprint,
  owned,
  ownedFields,
} from "../../../operator/runtime/owned-fields.ts";

const liveWith = (fields: FieldsV1, content: object, entry: object = {}): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Sample",
  metadata: {
    name: "a",
    managedFields: [
      { manager: "foreign", operation: "Update", apiVersion: "v1", fieldsV1: { "f:spec": {} } },
      { manager: "us", operation: "Apply", apiVersion: "v1", fieldsV1: fields, ...entry },
    ],
  },
  ...content,
});

describe("the cut", () => {
  test("takes our fields only", () => {
    const live = liveWith({ "f:spec": { "f:a": {} } }, { spec: { a: 1, b: 2 }, status: {} });
    expect(ownedFields(live, "us")).toEqual({ spec: { a: 1 } });
  });

  test.each([
    ["another manager", { manager: "them" }],
    ["a subresource", { subresource: "status" }],
    ["another version", { apiVersion: "v2" }],
  ])("ignores fields of %s", (_name, entry) => {
    expect(ownedFields(liveWith({ "f:spec": {} }, { spec: 1 }, entry), "us")).toBeUndefined();
  });

  const create = { manager: "us", operation: "Update", apiVersion: "v1" } as const;
  const created = { apiVersion: "v1", spec: { a: 1, b: 2 }, metadata: { name: "a" } };
  const createdEntry = { ...create, fieldsV1: { "f:spec": { "f:a": {}, "f:b": {} } } };

  test("takes what a creation left, until the first apply", () => {
    const before = { ...created, metadata: { name: "a", managedFields: [createdEntry] } };
    expect(owned(before, "us")).toMatchObject({ fields: { spec: { a: 1, b: 2 } }, created: true });
    const applied = { ...create, operation: "Apply", fieldsV1: { "f:spec": { "f:a": {} } } } as const;
    const after = { ...created, metadata: { name: "a", managedFields: [createdEntry, applied] } };
    expect(owned(after, "us")).toMatchObject({ fields: { spec: { a: 1 } }, created: false });
  });

  test("a creation counts as applied by entries that hold both, and leave others alone", () => {
    const applied = { ...create, operation: "Apply", time: "later", fieldsV1: { "f:spec": { "f:c": {} } } } as const;
    const status = { ...createdEntry, subresource: "status" };
    const foreign = { ...createdEntry, manager: "them" };
    const entriesOf = (...managedFields: ManagedFieldsEntry[]) =>
      appliedEntries({ ...created, metadata: { name: "a", managedFields } }, "us");
    expect(entriesOf(foreign, createdEntry, status)).toEqual([
      foreign,
      status,
      { ...createdEntry, operation: "Apply" },
    ]);
    expect(entriesOf(createdEntry, applied)).toEqual([
      { ...applied, fieldsV1: { "f:spec": { "f:a": {}, "f:b": {}, "f:c": {} } } },
    ]);
    expect(entriesOf(foreign, status, applied)).toBeUndefined();
  });

  test("takes items of associative lists by key, in live order", () => {
    const live = liveWith(
      {
        "f:list": {
          'k:{"name":"a"}': { ".": {}, "f:name": {}, "f:v": {} },
          'k:{"name":"b","port":1}': { "f:name": {} },
        },
      },
      { list: [{ name: "b", port: 1, v: 1 }, { name: "x" }, { name: "b", port: 2 }, { name: "a", v: 2, w: 3 }] },
    );
    expect(ownedFields(live, "us")).toEqual({ list: [{ name: "b" }, { name: "a", v: 2 }] });
  });

  test("takes members of sets by value and of lists by index", () => {
    const live = liveWith(
      { "f:set": { 'v:"a"': {}, "v:3": {} }, "f:list": { "i:1": {} } },
      { set: ["x", 3, "a", "3"], list: ["p", "q"] },
    );
    expect(ownedFields(live, "us")).toEqual({ set: [3, "a"], list: ["q"] });
  });

  test("takes atomic values whole and the mere existence of what is owned empty", () => {
    const live = liveWith({ "f:atomic": {}, "f:empty": { ".": {} } }, { atomic: [{ a: 1 }], empty: { foreign: 1 } });
    expect(ownedFields(live, "us")).toEqual({ atomic: [{ a: 1 }], empty: {} });
  });

  test("survives a live object that no longer has the owned shape", () => {
    const live = liveWith({ "f:a": { "f:b": {} }, "f:c": { 'k:{"x":1}': {} }, "f:d": {} }, { a: "text", c: {} });
    expect(ownedFields(live, "us")).toEqual({});
  });
});

describe("the desired form", () => {
  const desired = (metadata: object, rest: object = {}): KubernetesObject => ({ metadata, ...rest });

  test("leaves identity, server fields, status, null and empty lists out", () => {
    const full = desired(
      { name: "a", namespace: "b", uid: "u", resourceVersion: "1", labels: { a: "b" }, annotations: {} },
      { apiVersion: "v1", kind: "K", spec: { a: null, b: [], c: { d: {} } }, status: { x: 1 } },
    );
    expect(canonicalJson(desiredFields(full))).toBe('{"metadata":{"labels":{"a":"b"}},"spec":{"c":{"d":{}}}}');
  });

  test("an object of name and namespace alone is empty", () => {
    expect(desiredFields(desired({ name: "a", namespace: "b" }))).toEqual({});
  });
});

const json = fc.jsonValue({ maxDepth: 5 });

/** Shuffles the keys of maps, at every depth. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  const shuffled = Object.entries(value)
    .reverse()
    .map(([name, member]) => [name, reordered(member)] as const);
  return Object.fromEntries(shuffled);
}

/** What the server would record for an applied value in which every list is atomic. */
function fieldsOf(value: unknown): FieldsV1 {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [`f:${name}`, fieldsOf(member)]));
}

describe("the fingerprint", () => {
  test("does not depend on the order of map keys", () => {
    fc.assert(fc.property(json, (value) => fingerprint(value) === fingerprint(reordered(value))));
  });

  test("is equal for two values only when their canonical texts are", () => {
    fc.assert(
      fc.property(
        json,
        json,
        (a, b) => (fingerprint(a) === fingerprint(b)) === (canonicalJson(a) === canonicalJson(b)),
      ),
    );
  });

  test("depends on the order of lists and on the type of scalars", () => {
    expect(fingerprint([1, 2])).not.toBe(fingerprint([2, 1]));
    expect(fingerprint({ a: "1" })).not.toBe(fingerprint({ a: 1 }));
    expect(fingerprint({ a: {} })).not.toBe(fingerprint({}));
  });

  const content = fc.dictionary(fc.string({ minLength: 1 }), json, { noNullPrototype: true });

  test("of what we own in a live object equals that of what we desire, whatever others add", () => {
    fc.assert(
      fc.property(content, content, (spec, foreign) => {
        const live = liveWith(fieldsOf({ spec }), { spec: { ...foreign, ...spec }, other: foreign });
        fc.pre(Object.keys(spec).length > 0);
        expect(fingerprint(ownedFields(live, "us"))).toBe(desiredFingerprint({ metadata: { name: "a" }, spec }));
      }),
    );
  });

  test("differs as soon as one of our fields is changed or taken away", () => {
    fc.assert(
      fc.property(content, fc.nat(), (spec, pick) => {
        const names = Object.keys(spec);
        const name = names[pick % names.length];
        fc.pre(name !== undefined && canonicalJson({ a: spec[name] }) !== "{}");
        const wanted = desiredFingerprint({ metadata: { name: "a" }, spec });
        const { [name!]: _gone, ...rest } = spec;
        const fields = fieldsOf({ spec });
        expect(fingerprint(ownedFields(liveWith(fields, { spec: rest }), "us"))).not.toBe(wanted);
        expect(fingerprint(ownedFields(liveWith(fields, { spec: { ...rest, [name!]: "changed!" } }), "us"))).not.toBe(
          wanted,
        );
      }),
    );
  });
});
