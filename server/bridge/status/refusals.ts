import type { Refusal, RefusedTopicStatus } from "../../../contract/bridge-status.ts";
import type { RefusedChat, RefusedTopic } from "../queue/queue.ts";
import { type ShownChats, shownChats, shownId } from "../routing/shown-chats.ts";
import { boundedText } from "./bounded-text.ts";

/** Refusals that a status shows. */
const SHOWN = 20;

type Place = {
  /** The bot's user name. */
  readonly bot: string;
  /** How to have messages go there no more. */
  readonly remove: string;
};

type Explanation = {
  readonly words: RegExp;
  /** Only of groups and channels. */
  readonly ofGroups?: true;
  readonly reason: string;
  readonly hint: (place: Place) => string;
};

/** What Telegram's words mean for people, and what they can do. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    words: /chat not found/i,
    ofGroups: true,
    reason: "does not exist, or the bot is not in it",
    hint: ({ bot }) => `check its id or name, and add ${bot} to it, to a channel as an administrator`,
  },
  {
    words: /chat not found|can't initiate conversation|PEER_ID_INVALID/i,
    reason: "has not pressed Start, or the id is wrong",
    hint: ({ bot }) => `ask the person to open ${bot} and press Start, and check the id`,
  },
  {
    words: /blocked by the user/i,
    reason: "has blocked the bot",
    hint: ({ bot, remove }) => `ask the person to unblock ${bot}, or ${remove}`,
  },
  {
    words: /user is deactivated/i,
    reason: "is an account that does not exist any more",
    hint: ({ remove }) => remove,
  },
  {
    words: /kicked|not a member|group chat was deleted/i,
    reason: "is a group or channel without the bot",
    hint: ({ bot, remove }) => `add ${bot} to it again, or ${remove}`,
  },
  {
    words: /administrator rights|CHAT_ADMIN_REQUIRED/i,
    reason: "is a channel in which the bot is no administrator",
    hint: ({ bot, remove }) => `make ${bot} an administrator that may post messages, or ${remove}`,
  },
  {
    words: /TOPIC_CLOSED/,
    reason: "is a group whose General topic is closed",
    hint: ({ bot }) => `open the General topic, or make ${bot} an administrator that may manage topics`,
  },
  {
    words: /not enough rights|have no rights|CHAT_WRITE_FORBIDDEN|CHAT_RESTRICTED/i,
    reason: "does not let the bot write",
    hint: ({ bot, remove }) => `give ${bot} the right to send messages there, or ${remove}`,
  },
];

const UNNAMED = shownChats([], (chatId) => chatId);

/** The chats that take no messages, newest refusal first. `bot` is the bot's user name, if it is known. */
export function refusalsOf(
  chats: readonly RefusedChat[],
  bot: string | undefined,
  shown: ShownChats = UNNAMED,
): readonly Refusal[] {
  const newest = chats.toSorted((a, b) => b.at - a.at || a.chatId - b.chatId);
  return newest.slice(0, SHOWN).map((chat) => refusalOf(chat, atBot(bot), shown));
}

function refusalOf({ chatId, error, messages, at }: RefusedChat, bot: string, shown: ShownChats): Refusal {
  const known = EXPLANATIONS.find(({ words, ofGroups }) => words.test(error) && (ofGroups !== true || chatId < 0));
  const reason = known === undefined ? `refuses messages: ${error}` : known.reason;
  const name = shown.name(chatId);
  const remove = name === undefined ? "take the id out of the allowed users" : "take it out of the chats";
  return {
    chat_id: shownId(chatId),
    ...(name !== undefined && { name: boundedText(name) }),
    reason: boundedText(`chat ${shown.chat(chatId)} ${reason}`),
    ...(known !== undefined && { hint: boundedText(known.hint({ bot, remove })) }),
    messages,
    at: new Date(at).toISOString(),
  };
}

/** The configured topics that take no messages, newest refusal first. */
export function refusedTopicsOf(
  topics: readonly RefusedTopic[],
  bot: string | undefined,
  shown: ShownChats = UNNAMED,
): readonly RefusedTopicStatus[] {
  const newest = topics.toSorted((a, b) => b.at - a.at || a.chatId - b.chatId || a.topic - b.topic);
  return newest.flatMap((each) => topicStatus(each, atBot(bot), shown)).slice(0, SHOWN);
}

function topicStatus({ chatId, topic, error, at }: RefusedTopic, bot: string, shown: ShownChats): RefusedTopicStatus[] {
  const name = shown.name(chatId, topic);
  if (name === undefined) return [];
  const isClosed = /TOPIC_CLOSED/.test(error);
  const what = isClosed ? "is closed" : "does not exist";
  const hint = isClosed
    ? `open it, or make ${bot} an administrator that may manage topics`
    : "correct the topic of the chat";
  const reason = boundedText(
    `topic ${topic} of chat ${name} (${chatId}) ${what}: its messages go to the General topic`,
  );
  return [{ chat_id: chatId, topic, name: boundedText(name), reason, hint, at: new Date(at).toISOString() }];
}

function atBot(bot: string | undefined): string {
  return bot === undefined ? "the bot" : `@${bot}`;
}

/** A warning for the sender: every chat that the message goes to refused the last one; undefined when one did not. */
export function warningOf(
  chatIds: readonly number[],
  chats: readonly RefusedChat[],
  bot: string | undefined,
  shown: ShownChats = UNNAMED,
): string | undefined {
  const refused = chats.filter(({ chatId }) => chatIds.includes(chatId));
  if (chatIds.length === 0 || refused.length < new Set(chatIds).size) return undefined;
  const [first] = refusalsOf(refused, bot, shown);
  const hint = first?.hint === undefined ? "" : `: ${first.hint}`;
  return boundedText(`Telegram refused the last message for every recipient. For one, ${first?.reason}${hint}.`);
}
