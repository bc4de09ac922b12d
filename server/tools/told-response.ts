import * as z from "zod";
import type { Response } from "../../contract/responses.ts";

/** A response with the names that it has in co8/cctelegram's files, and ids beside them. */
export const toldResponse = z.object({
  id: z.number().describe("Grows with every response"),
  timestamp: z.string().describe("RFC 3339"),
  user_id: z.number().describe("Telegram id of the person"),
  username: z.string().nullable(),
  first_name: z.string().nullable(),
  chat_id: z.number(),
  topic: z.number().nullable().exactOptional().describe("The topic of the chat"),
  session: z.string().nullable().exactOptional().describe("The session that it was said to"),
  event_id: z.string().nullable().describe("The event that it answers; null for what answers none"),
  message_id: z.number().exactOptional().describe("Of the person's message"),
  message_text: z.string().exactOptional().describe("What was said, or the caption of a picture"),
  message_type: z.enum(["text", "other"]).exactOptional().describe("other: a picture, a file and the like"),
  callback_data: z.string().exactOptional().describe("Data of the button that was pressed"),
  original_message_id: z.number().nullable().exactOptional().describe("Of the message with the button"),
  response_type: z.enum(["callback_query"]).exactOptional().describe("There for a pressed button"),
});

type ToldResponse = z.output<typeof toldResponse>;

export function told({ at, kind, message_id, text, ...rest }: Response): ToldResponse {
  const common = { ...rest, timestamp: at };
  if (kind === "click") {
    return { ...common, callback_data: text, original_message_id: message_id, response_type: "callback_query" };
  }
  const message_text = kind === "other" && text === "" ? "[non-text message]" : text;
  return { ...common, ...(message_id !== null && { message_id }), message_text, message_type: kind };
}
