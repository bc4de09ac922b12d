import { code, codes, table } from "./markdown.ts";

/** The part of JSON Schema that our schemas use. */
export type Schema = {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly "x-kubernetes-int-or-string"?: boolean;
};

/** A table of an object's fields. `typeOf` may make a link of the type of a nested object. */
export function fieldTable(object: Schema, typeOf: (name: string, field: Schema) => string): string {
  const rows = Object.entries(object.properties ?? {}).map(([name, field]) => [
    code(name),
    typeOf(name, field),
    defaultOf(field, object.required?.includes(name) ?? false),
    boundsOf(field),
    field.description ?? "",
  ]);
  return table(["Field", "Type", "Default", "Bounds", "Meaning"], rows);
}

/** The type in words; `object` is what an object is called. */
export function typeName(field: Schema, object = "object"): string {
  if (field.type === "array") return `list of ${field.items ? typeName(field.items, object) : "anything"}`;
  if (isMap(field)) {
    const { type } = field.additionalProperties as Schema;
    return type === undefined ? "object, free in form" : `map of ${type}`;
  }
  if (field.type === "object") return object;
  if (field["x-kubernetes-int-or-string"]) return "integer or string";
  return [field.type ?? "anything"].flat().join(" or ");
}

/** True for objects whose keys are free. */
export const isMap = ({ properties, additionalProperties }: Schema) =>
  properties === undefined && typeof additionalProperties === "object";

function defaultOf(field: Schema, required: boolean): string {
  if (field.default !== undefined && typeof field.default === "object") return "";
  if (field.default !== undefined) return code(String(field.default));
  return required ? "required" : "";
}

/** What the schema allows, in the order in which a person asks: values, range, length, number, form. */
function boundsOf(field: Schema): string {
  const items = field.items ?? {};
  return [
    field.enum ? codes(field.enum) : "",
    span("", field.minimum, field.maximum),
    span(" characters", field.minLength, field.maxLength),
    span(" items", field.minItems, field.maxItems ?? field.maxProperties),
    items.type === "object" ? "" : prefixed("each: ", boundsOfItem(items)),
    field.pattern === undefined ? "" : `matches ${code(field.pattern)}`,
  ]
    .filter((text) => text !== "")
    .join("; ");
}

const boundsOfItem = (items: Schema) => (Object.keys(items).length === 0 ? "" : boundsOf(items));

const prefixed = (prefix: string, text: string) => (text === "" ? "" : prefix + text);

function span(unit: string, minimum: number | undefined, maximum: number | undefined): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === -Number.MAX_SAFE_INTEGER ? undefined : minimum;
  if (least !== undefined && most !== undefined) return `${least} to ${most}${unit}`;
  if (least !== undefined) return `at least ${least}${unit}`;
  return most === undefined ? "" : `at most ${most}${unit}`;
}
