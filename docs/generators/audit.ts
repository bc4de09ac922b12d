import { auditDecisions, auditOutcomes, auditRecordSchema } from "../../server/telemetry/audit-record.ts";
import { code, page, table } from "./markdown.ts";

const introduction = `A record is one line of JSON with the message \`audit\`. [logs.md](../logs.md#the-audit-log) says where they are written, and what is never in them.`;

/** The reference of the audit records. */
export function auditPage(): string {
  const fields = Object.entries(auditRecordSchema.shape);
  const words = (meanings: Readonly<Record<string, string>>) =>
    Object.entries(meanings).map(([word, meaning]) => [code(word), meaning]);
  return page("Audit records", "server/telemetry/audit-record.ts", [
    introduction,
    "## Fields",
    "Beside `level`, `time`, `service`, `version` and `instance`, which every line has. `decision` and `outcome` are always there, the others where they say something.",
    table(
      ["Field", "Meaning"],
      fields.map(([name, { description = "" }]) => [code(name), description]),
    ),
    "## Decisions",
    table(["`decision`", "Meaning"], words(auditDecisions)),
    "## Outcomes",
    table(["`outcome`", "Meaning"], words(auditOutcomes)),
  ]);
}
