import * as z from "zod";
import { sessionLimits } from "../../contract/sessions.ts";
import { text } from "./fields.ts";
import { attachmentsOfReply, replyFiles } from "./reply-files.ts";
import { sendingAnnotations } from "./send-event.ts";
import { chatId, messageId, session, sessionName, topic } from "./session-fields.ts";
import { defineTool } from "./tool.ts";

export const reply = defineTool({
  name: "reply",
  title: "Answer a person",
  description:
    "Answer what somebody on Telegram said to this session, in the chat that it came from. Long texts become several messages, and files come behind the text.",
  permission: "reply",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    chat_id: chatId,
    text: text(sessionLimits.replyLength).describe(`The text, at most ${sessionLimits.replyLength} characters`),
    reply_to: messageId.optional().describe("message_id of an earlier message that it answers; not for the last one"),
    topic,
    files: replyFiles,
    session,
  }),
  output: z.object({
    success: z.boolean(),
    event_id: z.string().describe("What edit_message takes as message_id before Telegram has given one"),
    message_ids: z.array(z.number()).describe("Of the messages that Telegram has already"),
    message: z.string(),
  }),
  annotations: sendingAnnotations,
  async handler(args, context) {
    const { bridge, client, newId, ownFiles } = context;
    const files = await attachmentsOfReply(args.files ?? [], ownFiles);
    const { event_id, message_ids } = await bridge.sessions.reply({
      client: client.name,
      name: await sessionName(args.session, context),
      reply_id: newId(),
      chat_id: Number(args.chat_id),
      text: args.text,
      ...(files.length > 0 && { files: [...files] }),
      ...(args.reply_to !== undefined && { reply_to: Number(args.reply_to) }),
      ...(args.topic !== undefined && { topic: Number(args.topic) }),
    });
    return { success: true, event_id, message_ids: [...message_ids], message: `Reply accepted. Event ID: ${event_id}` };
  },
});
