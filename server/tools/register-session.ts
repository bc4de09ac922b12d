import * as z from "zod";
import { sessionNameSchema } from "../../contract/sessions.ts";
import { defineTool } from "./tool.ts";

/** Holds the names that clients without a session register: they ask for what waits. */
const withoutConnection = "asks";

const boundPlace = z.object({
  chat_id: z.number(),
  topic: z.number().nullable(),
  made: z.boolean().describe("The topic was made for the session"),
  bound_at: z.string().describe("RFC 3339"),
});

export const registerSession = defineTool({
  name: "register_session",
  title: "Name this session",
  description:
    "Give this session a name under which people on Telegram can talk to it. They bind a chat or a topic to it with /bind NAME, or reply to one of its messages. A name that another session of the key has is refused, unless that one is gone.",
  permission: "register_session",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    name: sessionNameSchema.describe("1 to 64 letters, digits, `.`, `_` and `-`"),
    take_over: z.boolean().default(false).describe("Take the name also from a session that is there"),
  }),
  output: z.object({
    success: z.boolean(),
    name: z.string(),
    is_new: z.boolean().describe("False: it was known before"),
    comes_by_itself: z
      .boolean()
      .describe("What people say arrives in this session; false: get_telegram_responses with `session` gets it"),
    waiting: z.number().describe("What people said and no session of this name has got yet"),
    bound: z.array(boundPlace).describe("Chats and topics in which everything is said to it"),
    message: z.string(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  async handler({ name, take_over }, { bridge, client, interaction: { session: own } }) {
    const holder = own?.holder ?? withoutConnection;
    const before = await own?.learnName();
    const { session, is_new } = await bridge.sessions.register({ client: client.name, name, holder, take_over });
    await own?.rename(name);
    if (before !== undefined && before !== name)
      await bridge.sessions.leave({ client: client.name, name: before, holder });
    const comes_by_itself = own?.isChannel ?? false;
    const how = comes_by_itself ? "arrives here" : `is got by get_telegram_responses with session "${name}"`;
    const where = session.bound.length > 0 ? "" : ` Nobody has bound a chat to it yet: /bind ${name} does.`;
    const message = `What people say to "${name}" ${how}.${where}`;
    return {
      success: true,
      name,
      is_new,
      comes_by_itself,
      waiting: session.waiting,
      bound: [...session.bound],
      message,
    };
  },
});
