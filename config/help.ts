import { namesOf, type Table, type Variable } from "./variable.ts";

/**
 * The part of --help that lists the variables of a table.
 *
 * @example
 * ```ts
 * const table = { PORT: { schema: port, default: "8080", description: "Port of the server.", example: "8080" } };
 * variablesHelp(table).split("\n")[0]?.trim(); // => PORT (default 8080)
 * ```
 */
export function variablesHelp(table: Table): string {
  return Object.entries(table)
    .map(([name, variable]) => describe(name, variable))
    .join("\n");
}

function describe(name: string, variable: Variable): string {
  const facts = [variable.roles?.join(", ") ?? "", defaultText(variable)].filter((fact) => fact !== "");
  const inBrackets = facts.length === 0 ? "" : ` (${facts.join("; ")})`;
  return `  ${namesOf(name, variable).join(" | ")}${inBrackets}\n      ${variable.description}`;
}

function defaultText({ default: fallback, required }: Variable): string {
  if (required !== undefined) return "required";
  if (typeof fallback === "string") return fallback === "" ? "" : `default ${fallback}`;
  if (fallback === undefined) return "";
  return Object.entries(fallback)
    .map(([role, value]) => `default ${value} for ${role}`)
    .join(", ");
}
