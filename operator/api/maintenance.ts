import * as z from "zod";
import { rule, timeZone } from "./schema.ts";

const step = "(/[1-9][0-9]?)?";
const field = (value: string) => {
  const item = `([*]${step}|${value}(-${value}${step})?)`;
  return `${item}(,${item})*`;
};

/** Minute, hour, day of the month, month, day of the week, as in crontab(5). */
const cron = `^${[
  field("([1-5]?[0-9])"),
  field("([01]?[0-9]|2[0-3])"),
  field("([1-9]|[12][0-9]|3[01])"),
  field("([1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"),
  field("([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"),
].join(" ")}$`;

/** Fields of list items have no default in the schema (server.ts says why). */
const window = z.strictObject({
  schedule: z
    .string()
    .min(9)
    .max(100)
    .describe(
      "When it begins, as a cron expression of five fields: minute, hour, day of the month, month, day of the week. For example 0 2 * * SAT.",
    )
    .meta(
      rule(
        `self.matches('${cron}')`,
        "schedule must be a cron expression of five fields, for example 0 2 * * SAT for Saturdays at 2",
      ),
    ),
  timeZone: timeZone()
    .optional()
    .describe("IANA name of the time zone of the schedule, such as Europe/Berlin. Default: UTC.")
    .meta(
      // A name that the API server does not know is an error of the expression, and so refused.
      rule(
        "self != 'Local' && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
        "timeZone must be the IANA name of a time zone, such as Europe/Berlin",
      ),
    ),
  durationMinutes: z.int().min(5).max(10_080).describe("How long it lasts; what has begun by then goes on."),
});

export const maintenanceSpec = z.strictObject({
  windows: z
    .array(window)
    .max(20)
    .default([])
    .describe("Changes that replace pods which serve wait for one of these windows. None: they never wait."),
});

export type MaintenanceWindow = z.infer<typeof window>;
