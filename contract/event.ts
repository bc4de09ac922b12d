import * as z from "zod";
import { dataProblem } from "./event-data.ts";
import { priorities } from "./priority.ts";
import { sessionNameSchema } from "./sessions.ts";

/** Looked at before anything walks through it member by member, or recursively. */
const data = z.custom<Record<string, unknown>>(isObject, "expected an object").superRefine((value, context) => {
  const problem = dataProblem(value);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

/** The call that something came by, so that people can follow it. */
export const callTraceSchema = z
  .object({
    request_id: z.string().min(1).max(128),
    trace_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .exactOptional()
      .describe("W3C trace id of the call"),
  })
  .describe("The call that sent it");

/** Longest time to live: a week. Whatever is older is worth nothing to anybody. */
const longestTtlSeconds = 7 * 24 * 3600;

export const prioritySchema = z
  .enum(priorities)
  .describe(
    "Which goes first when several wait: urgent, normal, bulk. Approvals and what is critical are urgent by themselves",
  );

export const ttlSchema = z
  .int()
  .min(1)
  .max(longestTtlSeconds)
  .describe("Seconds for which it is worth sending, at most a week. What Telegram has not got by then is not sent");

/** The wire form between server and bridge: upstream's snake_case event. Lengths are in UTF-16 units. */
export const eventSchema = z.object({
  event_id: z.string().min(1).max(128).describe("Identity; the bridge delivers an id only once"),
  type: z.string().min(1).max(64).describe("One of the event types, or any other word"),
  source: z.string().min(1).max(100).describe("Who sends it, in the sender's own words"),
  client: z
    .string()
    .min(1)
    .max(100)
    .default("unknown")
    .describe("Name of the client whose key sent it: quotas, fairness and audit hang on it"),
  timestamp: z.iso.datetime({ offset: true }).describe("When it happened, RFC 3339"),
  task_id: z.string().min(1).max(128).describe("The task that it belongs to"),
  title: z.string().min(1).max(200),
  description: z.string().min(1).max(16_000),
  data: data.default({}).describe("Details, free in form, within limits; `attachments` are photos and documents"),
  // A server of the version before does not tell these.
  priority: prioritySchema.exactOptional(),
  ttl_seconds: ttlSchema.exactOptional(),
  session: sessionNameSchema.exactOptional().describe("The session that says it: what people answer goes to it"),
  trace: callTraceSchema.exactOptional(),
});

export type Event = z.output<typeof eventSchema>;
export type CallTrace = z.output<typeof callTraceSchema>;

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
