import { variablesHelp } from "../../config/help.ts";
import { type Role, roles } from "../../contract/roles.ts";
import { variables } from "./variables.ts";

const purposes: Readonly<Record<Role, string>> = {
  serve: "MCP and REST server; sends events to a bridge",
  bridge: "keeps events on disk and delivers them to Telegram",
  standalone: "both in one process, without a cluster",
  backup: "stores what a bridge holds in a file or a bucket, and ends",
  restore: "fills an empty data directory from such an archive, and ends",
  stdio: "the same for the client that starts it, without a port; or the client of a server elsewhere",
};

/** The text of --help: the roles, and every variable from the table. */
export function helpText(): string {
  const roleLines = roles.map((role) => `  ${role.padEnd(12)}${purposes[role]}`);
  return `Usage: node main.js ROLE\n\nRoles\n${roleLines.join("\n")}\n\nEnvironment\n${variablesHelp(variables)}\n`;
}
