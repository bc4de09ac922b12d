import { ApiError, badRequest } from "./api-error.ts";
import { impossible, userOf } from "./people.ts";

/** A group or channel. One that nobody described is a group without topics that the bot may write to. */
export type TestGroup = {
  readonly id: number;
  readonly type: "group" | "supergroup" | "channel";
  /** Its public name, without @. */
  readonly username?: string;
  /** What the bot is in it. In a channel only administrators write. Default: administrator of a channel, member of a group. */
  readonly bot?: "administrator" | "member" | "restricted" | "left" | "kicked";
  /** Beside General. A supergroup that has the list is one with topics. */
  readonly topics?: readonly TestTopic[];
  readonly isGeneralClosed?: boolean;
  /** The bot is an administrator who may manage topics. Default: an administrator may. */
  readonly mayManageTopics?: boolean;
};

type TestTopic = {
  readonly id: number;
  readonly isClosed?: boolean;
  /** The bot opened it: what is said in it looks like an answer to the bot. */
  readonly isOfBot?: boolean;
  readonly name?: string;
};

/** Groups by id. */
type Groups = Map<number, TestGroup>;

export type Chats = {
  /** Chats that a bot may write to; undefined = every chat. */
  chats: ReadonlySet<number> | undefined;
  readonly blocked: Set<number>;
  readonly groups: Groups;
  readonly migrated: Map<number, number>;
};

/** The id of a chat. Throws what Telegram answers for one that a bot cannot write to: none of that is the client's fault. */
export function writableChat(value: unknown, { chats, blocked, groups, migrated }: Chats): number {
  if (value === undefined || value === "") throw badRequest("chat_id is empty");
  const chatId = chatIdOf(value, groups);
  if (chatId === undefined) throw new ApiError(400, "Bad Request: chat not found");
  const to = migrated.get(chatId);
  if (to !== undefined) {
    const parameters = { migrate_to_chat_id: to };
    throw new ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", { parameters });
  }
  if (blocked.has(chatId)) throw new ApiError(403, "Forbidden: bot was blocked by the user");
  const isKnown = chats?.has(chatId) ?? true;
  if (!isKnown) throw new ApiError(400, "Bad Request: chat not found");
  return chatId;
}

/** The id of what a request calls a chat; undefined when there is no such public name. */
function chatIdOf(value: unknown, groups: Groups): number | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value !== "string") return undefined;
  if (/^-?\d+$/.test(value)) return Number(value);
  const name = value.replace(/^@/, "").toLowerCase();
  if (!value.startsWith("@") || name === "") return undefined;
  return [...groups.values()].find(({ username }) => username?.toLowerCase() === name)?.id;
}

/** A chat as messages show it. */
export function chatOf(id: number, groups: Groups) {
  if (id > 0) return { id, type: "private" };
  const group = groups.get(id);
  const { type = id < -1_000_000_000_000 ? "supergroup" : "group", username, topics } = group ?? {};
  const name = username === undefined ? {} : { username };
  return { id, type, title: `Group ${id}`, ...name, ...(topics !== undefined && { is_forum: true }) };
}

/** Throws what Telegram answers to a bot that is not in the group, or not any more. */
export function checkMember({ type, bot }: TestGroup): void {
  if (bot === "kicked") throw new ApiError(403, `Forbidden: bot was kicked from the ${type} chat`);
  if (bot === "left") throw new ApiError(403, `Forbidden: bot is not a member of the ${type} chat`);
}

/** Throws what Telegram answers to a bot that may not write there. Topics are states of the group, not mistakes. */
export function checkWriting(group: TestGroup | undefined, thread: unknown): void {
  if (thread !== undefined && (!Number.isInteger(Number(thread)) || Number(thread) < 1)) {
    throw badRequest("invalid message thread ID specified");
  }
  if (group !== undefined) checkRights(group);
  const { topics = [], isGeneralClosed, bot } = group ?? {};
  const topic = topics.find(({ id }) => id === Number(thread));
  // The General topic has no thread: with 1, as its links say, Telegram finds nothing.
  if (thread !== undefined && topic === undefined) throw new ApiError(400, "Bad Request: message thread not found");
  const isClosed = thread === undefined ? isGeneralClosed : topic?.isClosed;
  if (isClosed === true && bot !== "administrator") throw new ApiError(400, "Bad Request: TOPIC_CLOSED");
}

/** Opens a topic. Throws what Telegram answers where there are none, or to a bot that may not: neither is the client's fault. */
export function openTopic(group: TestGroup | undefined, name: unknown, id: number): TestGroup {
  if (typeof name !== "string" || name.length < 1 || name.length > 128) throw badRequest("wrong topic name specified");
  if (group !== undefined) checkMember(group);
  if (group?.topics === undefined) throw new ApiError(400, "Bad Request: the chat is not a forum");
  if (group.bot !== "administrator" || group.mayManageTopics === false) {
    throw new ApiError(400, "Bad Request: not enough rights to create a topic");
  }
  return { ...group, topics: [...group.topics, { id, isOfBot: true, name }] };
}

function checkRights(group: TestGroup): void {
  checkMember(group);
  if (group.type === "channel" && (group.bot ?? "administrator") !== "administrator") {
    throw new ApiError(400, "Bad Request: need administrator rights in the channel chat");
  }
  if (group.bot === "restricted") {
    throw new ApiError(400, "Bad Request: not enough rights to send text messages to the chat");
  }
}

/** What everything in a topic is shown as an answer to, unless it answers something else. */
export function topicStart<User>(chatId: number, topic: number | undefined, groups: Groups, bot: User) {
  if (topic === undefined) return undefined;
  const known = groups.get(chatId)?.topics?.find(({ id }) => id === topic);
  if (known === undefined) throw impossible(`there is no topic ${topic} in chat ${chatId}`);
  const from = known.isOfBot === true ? bot : userOf({ id: 1 });
  return { message_id: topic, from, chat: chatOf(chatId, groups), forum_topic_created: { name: "Topic" } };
}
