import * as z from "zod";
import { prioritySchema, ttlSchema } from "../../contract/event.ts";
import { longestText, sent, source, text } from "./fields.ts";
import { sendEvent, sendingAnnotations } from "./send-event.ts";
import { defineTool } from "./tool.ts";

export const sendTelegramMessage = defineTool({
  name: "send_telegram_message",
  title: "Send a Telegram message",
  description: "Send a plain message to the people who are allowed to receive notifications on Telegram.",
  permission: "send_telegram_message",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    message: text(longestText).describe(`The text, at most ${longestText} characters`),
    source,
    priority: prioritySchema.optional(),
    ttl_seconds: ttlSchema.optional(),
  }),
  output: sent,
  annotations: sendingAnnotations,
  handler: ({ message, source, priority, ttl_seconds: ttlSeconds }, context) =>
    sendEvent(
      { type: "info_notification", title: "Claude Code Message", description: message, source, priority, ttlSeconds },
      "Message",
      context,
    ),
});
