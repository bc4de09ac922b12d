import * as z from "zod";
import { chatId, messageId, session, sessionName } from "./session-fields.ts";
import { defineTool } from "./tool.ts";

export const react = defineTool({
  name: "react",
  title: "React to a message",
  description:
    "Put an emoji on a message that somebody said to this session. Another one takes the place of the former.",
  permission: "react",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    chat_id: chatId,
    message_id: messageId.describe("Of the message"),
    emoji: z.string().max(16).describe("One of those that Telegram allows, such as 👍, ❤ or 👀; empty: takes it away"),
    session,
  }),
  output: z.object({ success: z.boolean(), message: z.string() }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  async handler({ chat_id, message_id, emoji, session }, context) {
    const place = { chat_id: Number(chat_id), message_id: Number(message_id) };
    const name = await sessionName(session, context);
    await context.bridge.sessions.react({ client: context.client.name, name, ...place, emoji });
    return { success: true, message: emoji === "" ? "Reaction taken away." : `Reacted with ${emoji}.` };
  },
});
