import { type AuditRecord, auditRecordSchema } from "../../../server/telemetry/audit-record.ts";

type Line = Readonly<Record<string, unknown>>;

/** What every line has. */
const common: ReadonlySet<string> = new Set([
  ...["level", "time", "msg"],
  ...["service", "version", "instance", "pid", "hostname"],
]);

/** The audit records among the lines of a log; throws for one that is not as the schema says. */
export function auditOf(log: readonly (string | Line)[]): readonly AuditRecord[] {
  const lines = log.flatMap((line): Line[] => {
    if (typeof line !== "string") return [line];
    return line.startsWith("{") ? [JSON.parse(line)] : [];
  });
  return lines.filter(({ msg }) => msg === "audit").map(recordIn);
}

function recordIn(line: Line): AuditRecord {
  return auditRecordSchema.parse(Object.fromEntries(Object.entries(line).filter(([name]) => !common.has(name))));
}
