import type { Table, Variable } from "../../config/variable.ts";
import { code, page, table } from "./markdown.ts";

export type Sources = {
  readonly server: Table;
  readonly operator: Table;
};

const introduction = `Server image and operator read their environment once, at their start, and in one way. Bad configuration ends the process with exit code 78 and one
message that lists every problem; values are never shown. An empty variable counts as not set. \`node main.js --help\` prints these tables.

A variable with a \`_FILE\` form may be given as the path of a file whose trimmed content is the value; giving it in both ways is refused. "Other names" are those of
co8/cctelegram and of its deployment guides; they count when the variable itself is not set.`;

const serverIntroduction = `The operator sets these variables; set them yourself only when you run the image without it.`;

const operatorIntroduction = `The Helm chart sets these; see \`charts/cctelegram-operator/values.yaml\`.`;

/** The reference of every environment variable. */
export function configurationPage({ server, operator }: Sources): string {
  return page("Configuration", "server/config/variables.ts and operator/config.ts", [
    introduction,
    "## Server image",
    serverIntroduction,
    table(
      ["Variable", "Roles", "Default", "Meaning", "Example"],
      Object.entries(server).map(([name, variable]) => {
        const [names = "", ...rest] = row(name, variable);
        return [names, variable.roles?.join(", ") ?? "", ...rest];
      }),
    ),
    "## Operator",
    operatorIntroduction,
    table(
      ["Variable", "Default", "Meaning", "Example"],
      Object.entries(operator).map(([name, variable]) => row(name, variable)),
    ),
  ]);
}

function row(name: string, variable: Variable): string[] {
  const { description, example, file, aliases = [] } = variable;
  const formsOf = (one: string) => [code(one), ...(file ? [code(`${one}_FILE`)] : [])].join(" or ");
  const names = formsOf(name);
  const others = aliases.length > 0 ? ` Other names: ${aliases.map((alias) => formsOf(alias.name)).join(", ")}.` : "";
  return [names, defaultOf(variable), description + others, code(example)];
}

function defaultOf({ default: fallback, required }: Variable): string {
  if (required !== undefined) return "required";
  if (typeof fallback !== "object") return code(fallback ?? "");
  return Object.entries(fallback)
    .map(([role, value = ""]) => `${code(value)} (${role})`)
    .join(", ");
}
