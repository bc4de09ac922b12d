import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import { sessionNameSchema } from "../../contract/sessions.ts";
import type { ToolContext } from "./tool.ts";

/** An id of Telegram as models pass it on: what comes with a message is text. */
const id = (form: RegExp, problem: string) => z.coerce.string().regex(form, problem);

export const chatId = id(/^-?\d{1,15}$/, "expected the chat_id of a message").describe(
  "Chat, as it came with the message: chat_id, a number as text",
);

export const messageId = id(/^\d{1,9}$/, "expected a message_id of Telegram");

export const topic = id(/^\d{1,9}$/, "expected the topic of a message")
  .optional()
  .describe("Topic of the chat, as it came with the message; without it that of the chat itself");

export const session = sessionNameSchema
  .optional()
  .describe("Which session of the key says it. Default: the one that calls");

/** The name of the session that a call is about. Throws VALIDATION_ERROR when nobody has said it. */
export async function sessionName(
  given: string | undefined,
  { interaction }: Pick<ToolContext, "interaction">,
): Promise<string> {
  const name = given ?? (await interaction.session?.learnName());
  if (name !== undefined) return name;
  const field = {
    field: "session",
    problem: "this call comes from no named session: name it, or call register_session",
  };
  throw new ServerError("VALIDATION_ERROR", { problems: `${field.field}: ${field.problem}`, fields: [field] });
}
