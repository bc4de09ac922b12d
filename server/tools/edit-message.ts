import * as z from "zod";
import { sessionLimits } from "../../contract/sessions.ts";
import { text } from "./fields.ts";
import { chatId, session, sessionName } from "./session-fields.ts";
import { defineTool } from "./tool.ts";

export const editMessage = defineTool({
  name: "edit_message",
  title: "Change a message",
  description:
    "Change the text of a message that this session has sent, to show how work goes on. Phones are not told of it: send a new reply when it is done.",
  permission: "edit_message",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    chat_id: chatId,
    message_id: z.coerce
      .string()
      .min(1)
      .max(128)
      .refine((id) => id !== "undefined", "it is required")
      .describe("Of the message: the number that Telegram gave it, or the event_id that reply answered"),
    text: text(sessionLimits.editLength).describe(`The new text, at most ${sessionLimits.editLength} characters`),
    session,
  }),
  output: z.object({ success: z.boolean(), message_id: z.number(), message: z.string() }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  async handler({ chat_id, message_id: given, text, session }, context) {
    const name = await sessionName(session, context);
    const message = /^\d{1,9}$/.test(given) ? Number(given) : given;
    const { client, bridge } = context;
    const message_id = await bridge.sessions.edit({
      client: client.name,
      name,
      chat_id: Number(chat_id),
      message,
      text,
    });
    return { success: true, message_id, message: `Message ${message_id} changed.` };
  },
});
