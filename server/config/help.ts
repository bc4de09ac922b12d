import { type Role, roles, type Variable, variables } from "./variables.ts";

const purposes: Readonly<Record<Role, string>> = {
  serve: "MCP and REST server; sends events to a bridge",
  bridge: "keeps events on disk and delivers them to Telegram",
  standalone: "both in one process, without a cluster",
};

/** The text of --help: the roles, and every variable from the table. */
export function helpText(): string {
  const roleLines = roles.map((role) => `  ${role.padEnd(12)}${purposes[role]}`);
  const variableLines = Object.entries<Variable>(variables).map(([name, variable]) => describe(name, variable));
  return `Usage: node main.js ROLE\n\nRoles\n${roleLines.join("\n")}\n\nEnvironment\n${variableLines.join("\n")}\n`;
}

function describe(name: string, variable: Variable): string {
  const names = [
    name,
    ...(variable.file ? [`${name}_FILE`] : []),
    ...(variable.aliases ?? []).map((alias) => alias.name),
  ];
  const facts = [variable.roles.join(", "), defaultText(variable)].filter((fact) => fact !== "");
  return `  ${names.join(" | ")} (${facts.join("; ")})\n      ${variable.description}`;
}

function defaultText({ default: fallback, required }: Variable): string {
  if (required !== undefined) return "required";
  if (typeof fallback === "string") return fallback === "" ? "" : `default ${fallback}`;
  if (fallback === undefined) return "";
  return Object.entries(fallback)
    .map(([role, value]) => `default ${value} for ${role}`)
    .join(", ");
}
