import * as z from "zod";
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
  input: z.object({ message: text(longestText).describe(`The text, at most ${longestText} characters`), source }),
  output: sent,
  annotations: sendingAnnotations,
  handler: ({ message, source }, context) =>
    sendEvent(
      { type: "info_notification", title: "Claude Code Message", description: message, source },
      "Message",
      context,
    ),
});
