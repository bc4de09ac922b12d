import { expect, test } from "vitest";
import type { FieldsV1, KubernetesObject, ManagedFieldsEntry } from "../../../operator/runtime/kubernetes-object.ts";
import { withoutLeftOvers } from "../../../operator/runtime/left-over-fields.ts";

const entry = (manager: string, operation: "Apply" | "Update", fieldsV1: FieldsV1): ManagedFieldsEntry => ({
  ...{ manager, operation, apiVersion: "v1", fieldsV1 },
});

/** What the server answers to an apply of ours. */
const answered = (content: object, ...managedFields: ManagedFieldsEntry[]): KubernetesObject => ({
  ...{ apiVersion: "v1", kind: "Sample", metadata: { name: "a", managedFields } },
  ...content,
});

const kept = (object: KubernetesObject): Partial<KubernetesObject> => {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...content } = withoutLeftOvers(object, "us");
  return content;
};

test("fields that only the creation owns go, with maps that they leave empty", () => {
  const created = entry("us", "Update", {
    "f:spec": { ".": {}, "f:a": {}, "f:b": {}, "f:labels": { ".": {}, "f:x": {} } },
    "f:data": { "f:key": {} },
    // An apply does not own a map as such.
    "f:both": { ".": {}, "f:c": {} },
  });
  const applied = entry("us", "Apply", { "f:spec": { "f:a": {} }, "f:both": { "f:c": {} } });
  const content = { spec: { a: 1, b: 2, c: 3, labels: { x: "y" } }, data: { key: "value" }, both: { c: 3 } };
  expect(kept(answered(content, created, applied))).toEqual({
    spec: { a: 1, c: 3 },
    data: {},
    both: { c: 3 },
  });
});

test("items of lists go whole when they are owned as such, and lose only single fields otherwise", () => {
  const created = entry("us", "Update", {
    "f:env": {
      'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} },
      'k:{"name":"B"}': { ".": {}, "f:name": {}, "f:value": {}, "f:hint": {} },
    },
    "f:finalizers": { 'v:"one"': {}, 'v:"two"': {} },
  });
  const applied = entry("us", "Apply", {
    "f:env": { 'k:{"name":"B"}': { ".": {}, "f:name": {}, "f:value": {} } },
    "f:finalizers": { 'v:"two"': {} },
  });
  const env = [{ name: "A", value: "1" }, { name: "B", value: "2", hint: "old" }, { name: "C" }];
  expect(kept(answered({ env, finalizers: ["one", "two", "three"] }, created, applied))).toEqual({
    env: [{ name: "B", value: "2" }, { name: "C" }],
    finalizers: ["two", "three"],
  });
});

test("what somebody else owns too stays, and so does everything without a creation of ours", () => {
  const created = entry("us", "Update", { "f:spec": { "f:a": {}, "f:b": {} } });
  const theirs = entry("them", "Update", { "f:spec": { "f:b": {} } });
  const spec = { a: 1, b: 2 };
  expect(kept(answered({ spec }, created, theirs))).toEqual({ spec: { b: 2 } });
  expect(kept(answered({ spec }, theirs, { ...created, subresource: "status" }))).toEqual({ spec });
});
