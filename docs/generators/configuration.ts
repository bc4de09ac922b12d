import { code, codes, page, table } from "./markdown.ts";
import type { Schema } from "./schema-fields.ts";

/** A variable of the server image, as its table has it. */
export type ServerVariable = {
  readonly roles: readonly string[];
  readonly description: string;
  readonly example: string;
  readonly default?: string | Readonly<Record<string, string>>;
  readonly required?: readonly string[];
  readonly file?: boolean;
  readonly aliases?: readonly { readonly name: string }[];
};

export type Sources = {
  readonly server: Readonly<Record<string, ServerVariable>>;
  /** JSON Schema of the operator's environment. */
  readonly operator: Schema;
};

const serverIntroduction = `The server image reads its environment once, at its start. Bad configuration ends the process with exit code 78 and one message
that lists every problem; values are never shown. An empty variable counts as not set. \`node main.js --help\` prints this table.

The operator sets these variables; set them yourself only when you run the image without it. A variable with a \`_FILE\` form may be given
as the path of a file whose trimmed content is the value; the two forms exclude each other. "Other names" are those of
co8/cctelegram; they count when the variable itself is not set.`;

const operatorIntroduction = `The Helm chart sets these; see \`charts/cctelegram-operator/values.yaml\`. Bad configuration ends the process with exit code 78.`;

/** The reference of every environment variable. */
export function configurationPage({ server, operator }: Sources): string {
  return page("Configuration", "server/config/variables.ts and operator/config.ts", [
    "## Server image",
    serverIntroduction,
    table(["Variable", "Roles", "Default", "Meaning", "Example"], Object.entries(server).map(serverRow)),
    "## Operator",
    operatorIntroduction,
    table(
      ["Variable", "Default", "Values", "Meaning"],
      Object.entries(operator.properties ?? {}).map(operatorRow(operator)),
    ),
  ]);
}

function serverRow([name, variable]: [string, ServerVariable]): string[] {
  const { roles, description, example, file, aliases = [] } = variable;
  const names = [code(name), ...(file ? [code(`${name}_FILE`)] : [])].join(" or ");
  const others = aliases.length > 0 ? ` Other names: ${codes(aliases.map((alias) => alias.name))}.` : "";
  return [names, roles.join(", "), serverDefault(variable), description + others, code(example)];
}

function serverDefault({ default: fallback, required }: ServerVariable): string {
  if (required !== undefined) return "required";
  if (typeof fallback !== "object") return code(fallback ?? "");
  return Object.entries(fallback)
    .map(([role, value]) => `${code(value)} (${role})`)
    .join(", ");
}

const operatorRow =
  ({ required = [] }: Schema) =>
  ([name, field]: [string, Schema]): string[] => [
    code(name),
    required.includes(name) ? "required" : code(String(field.default ?? "")),
    valuesOf(field),
    field.description ?? "",
  ];

function valuesOf({ enum: values, minimum, maximum, format, type }: Schema): string {
  if (values !== undefined) return codes(values);
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  return format === "uri" ? "http or https URL" : (type ?? "");
}
