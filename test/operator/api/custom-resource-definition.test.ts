import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { customResourceDefinition } from "../../../operator/api/custom-resource-definition.ts";
import { generatedFiles } from "../../../operator/api/generate.ts";

type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly [keyword: string]: unknown;
};

const schema = customResourceDefinition().spec.versions[0]!.schema.openAPIV3Schema as Schema;

type Node = { readonly path: string; readonly schema: Schema; readonly isField: boolean };

function* nodesOf(schema: Schema, path = "", isField = true): Generator<Node> {
  yield { path, schema, isField };
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* nodesOf(child, `${path}.${name}`);
  if (schema.items) yield* nodesOf(schema.items, `${path}[]`, false);
  if (schema.additionalProperties) yield* nodesOf(schema.additionalProperties, `${path}{}`, false);
}

/** Fields that the API server itself defines for every object. */
const builtIn = new Set([".apiVersion", ".kind", ".metadata"]);
const nodes = [...nodesOf(schema)].filter(({ path }) => !builtIn.has(path));

/** Paths of the nodes that fail a check, for the message of a failure. */
const failing = (fails: (node: Node) => boolean) => nodes.filter(fails).map(({ path }) => path);

test.each(Object.entries(generatedFiles()))("%s is as the schemas generate it", (path, content) => {
  expect(readFileSync(path, "utf8")).toBe(content);
});

test("the walk reaches the depths of spec and status", () => {
  const paths = nodes.map(({ path }) => path);
  expect(paths).toContain(".spec.server.podTemplate.tolerations[].key");
  expect(paths).toContain(".spec.networkPolicy.ingressFrom[].podSelector.matchLabels{}");
  expect(paths).toContain(".status.conditions[].reason");
});

test("every field has a description that is a sentence", () => {
  expect(failing(({ schema, isField }) => isField && !/^[^a-z\s].*[.:]$/s.test(schema.description ?? ""))).toEqual([]);
});

test("no field of a list's item has a default, which would look like a change at every apply", () => {
  const withDefault = ({ path, schema }: Node) => path.includes("[]") && schema.default !== undefined;
  expect(failing(withDefault)).toEqual([]);
});

test("quantities are numbers or text, as in a pod", () => {
  const quantities = nodes.filter(({ path }) => /\.(cpu|memory|size)$/.test(path));
  expect(quantities.map(({ path }) => path)).toContain(".spec.bridge.storage.size");
  for (const { schema } of quantities) {
    expect(schema).toMatchObject({
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
      minimum: 0,
      maxLength: 20,
    });
  }
});

test("every string is bounded by a length, a choice or a format", () => {
  const bounded = ({ maxLength, enum: choice, format }: Schema) => maxLength ?? choice ?? format;
  expect(failing(({ schema }) => schema.type === "string" && bounded(schema) === undefined)).toEqual([]);
});

test("every list is bounded", () => {
  expect(failing(({ schema }) => schema.type === "array" && schema.maxItems === undefined)).toEqual([]);
});

test("every map is bounded, and its values are", () => {
  expect(
    failing(({ schema }) => schema.additionalProperties !== undefined && schema.maxProperties === undefined),
  ).toEqual([]);
});

test("every integer says its format and a lower bound", () => {
  expect(
    failing(({ schema }) => schema.type === "integer" && (schema.format === undefined || schema.minimum === undefined)),
  ).toEqual([]);
});

test("every rule has a message for people", () => {
  const rules = nodes.flatMap(({ path, schema }) =>
    ((schema["x-kubernetes-validations"] ?? []) as { rule: string; message?: string }[]).map((rule) => ({
      path,
      ...rule,
    })),
  );
  expect(rules.length).toBeGreaterThan(5);
  expect(rules.filter(({ message = "" }) => message.length < 20)).toEqual([]);
});

test("the status may be written by the operator alone, and replicas by kubectl scale", () => {
  expect(customResourceDefinition().spec.versions[0]!.subresources).toEqual({
    status: {},
    scale: {
      specReplicasPath: ".spec.server.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  });
});
