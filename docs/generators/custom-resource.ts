import { code, page, table } from "./markdown.ts";
import { fieldTable, isMap, type Schema, typeName } from "./schema-fields.ts";

type Validated = Schema & {
  readonly "x-kubernetes-validations"?: readonly { readonly message: string }[];
};

export type Definition = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly shortName: string;
  readonly columns: readonly { readonly name: string; readonly jsonPath: string; readonly priority?: number }[];
  readonly schema: Schema;
};

/** The reference of a custom resource: a section for each object, in the order of the schema. */
export function customResourcePage({ group, version, kind, shortName, columns, schema }: Definition): string {
  const { spec, status } = schema.properties ?? {};
  const rows = columns.map(({ name, jsonPath, priority = 0 }) => [
    name,
    code(jsonPath),
    priority > 0 ? code("-o wide") : "always",
  ]);
  return page(kind, "operator/api", [
    `API version ${code(`${group}/${version}`)}, kind ${code(kind)}, short name ${code(shortName)}, namespaced. ${schema.description ?? ""}`,
    `\`kubectl explain ${shortName}.spec\` shows the same in a terminal. A field without a default may be left out unless it is required.`,
    ...rulesOf(schema),
    ...sections("spec", spec ?? {}),
    ...sections("status", status ?? {}),
    "## Columns of kubectl get",
    table(["Column", "Path", "Shown"], rows),
  ]);
}

function sections(path: string, schema: Schema): string[] {
  const nested = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const inner = innerObject(field);
    return inner ? sections(`${path}.${name}`, inner) : [];
  });
  const typeOf = (name: string, field: Schema) =>
    typeName(field, innerObject(field) ? `[object](#${anchor(`${path}.${name}`)})` : "object");
  return [
    `## ${path}`,
    ...(schema.description ? [schema.description] : []),
    fieldTable(schema, typeOf),
    ...rulesOf(schema),
    ...nested,
  ];
}

/** The object that a field holds, alone or in a list; undefined for values and maps. */
function innerObject(field: Schema): Schema | undefined {
  const inner = field.type === "array" ? field.items : field;
  return inner?.type === "object" && !isMap(inner) ? inner : undefined;
}

/** Rules of an object and of its fields that are no objects themselves; those of a field begin with its name. */
function rulesOf(schema: Schema): string[] {
  const ofFields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    innerObject(field)
      ? []
      : messagesOf(field).map((text) => (text.startsWith(`${name} `) ? text : `${code(name)} ${text}`)),
  );
  const messages = [...messagesOf(schema), ...ofFields];
  return messages.length === 0 ? [] : [["Rules:", "", ...messages.map((text) => `- ${text}`)].join("\n")];
}

const messagesOf = (schema: Validated) => (schema["x-kubernetes-validations"] ?? []).map(({ message }) => message);

/** As GitHub makes anchors of headings: dots fall out. */
const anchor = (heading: string) => heading.toLowerCase().replaceAll(".", "");
