import type { Refusal } from "../../../contract/bridge-status.ts";
import type { RefusedChat } from "../queue/queue.ts";
import { boundedText } from "./bounded-text.ts";

/** Refusals that a status shows. */
const SHOWN = 20;

type Explanation = { readonly words: RegExp; readonly reason: string; readonly hint: (bot: string) => string };

const removeOr = (what: string) => `${what}, or take the id out of the allowed users`;

/** What Telegram's words mean for people, and what they can do. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    words: /chat not found|can't initiate conversation|PEER_ID_INVALID/i,
    reason: "has not pressed Start, or the id is wrong",
    hint: (bot) => `ask the person to open ${bot} and press Start, and check the id`,
  },
  {
    words: /blocked by the user/i,
    reason: "has blocked the bot",
    hint: (bot) => removeOr(`ask the person to unblock ${bot}`),
  },
  {
    words: /user is deactivated/i,
    reason: "is an account that does not exist any more",
    hint: () => "take the id out of the allowed users",
  },
  {
    words: /kicked|not a member|group chat was deleted/i,
    reason: "is a group or channel without the bot",
    hint: (bot) => removeOr(`add ${bot} to it again`),
  },
  {
    words: /not enough rights|have no rights|CHAT_WRITE_FORBIDDEN|CHAT_RESTRICTED/i,
    reason: "does not let the bot write",
    hint: (bot) => removeOr(`give ${bot} the right to send messages there`),
  },
];

/** The chats that take no messages, newest refusal first. `bot` is the bot's user name, if it is known. */
export function refusalsOf(chats: readonly RefusedChat[], bot: string | undefined): readonly Refusal[] {
  const newest = chats.toSorted((a, b) => b.at - a.at || a.chatId - b.chatId);
  return newest.slice(0, SHOWN).map((chat) => refusalOf(chat, bot === undefined ? "the bot" : `@${bot}`));
}

function refusalOf({ chatId, error, messages, at }: RefusedChat, bot: string): Refusal {
  const known = EXPLANATIONS.find(({ words }) => words.test(error));
  const reason = known === undefined ? `refuses messages: ${error}` : known.reason;
  return {
    chat_id: chatId,
    reason: boundedText(`chat ${chatId} ${reason}`),
    ...(known !== undefined && { hint: boundedText(known.hint(bot)) }),
    messages,
    at: new Date(at).toISOString(),
  };
}

/** A warning for the sender: every chat that the message goes to refused the last one; undefined when one did not. */
export function warningOf(
  chatIds: readonly number[],
  chats: readonly RefusedChat[],
  bot: string | undefined,
): string | undefined {
  const refused = chats.filter(({ chatId }) => chatIds.includes(chatId));
  if (chatIds.length === 0 || refused.length < new Set(chatIds).size) return undefined;
  const [first] = refusalsOf(refused, bot);
  const hint = first?.hint === undefined ? "" : `: ${first.hint}`;
  return boundedText(`Telegram refused the last message for every recipient. For one, ${first?.reason}${hint}.`);
}
