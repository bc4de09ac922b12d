import { namesOf, type Table, type Variable } from "./variable.ts";

/** The part of --help that lists the variables of a table. */
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
