import * as z from "zod";
import { prioritySchema, ttlSchema } from "../../contract/event.ts";
import { eventTypeNames } from "../../contract/event-types.ts";
import { data, longestText, sent, source, text, title } from "./fields.ts";
import { sendEvent, sendingAnnotations } from "./send-event.ts";
import { defineTool } from "./tool.ts";

export const sendTelegramEvent = defineTool({
  name: "send_telegram_event",
  title: "Send an event",
  description: "Send a typed event, such as task_completion, build_failed or code_review, to Telegram.",
  permission: "send_telegram_event",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    type: z.enum(eventTypeNames).describe("What happened"),
    title,
    description: text(longestText).describe(`Details, at most ${longestText} characters`),
    task_id: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe(
        "Task that the event belongs to; made when not given. Progress of one task is one message that is edited",
      ),
    source,
    data,
    priority: prioritySchema.optional(),
    ttl_seconds: ttlSchema.optional(),
  }),
  output: sent,
  annotations: sendingAnnotations,
  handler: ({ task_id, ttl_seconds, ...event }, context) =>
    sendEvent({ ...event, taskId: task_id, ttlSeconds: ttl_seconds }, "Event", context),
});
