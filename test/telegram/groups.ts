import { ApiError, badRequest } from "./api-error.ts";

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
};

type TestTopic = {
  readonly id: number;
  readonly isClosed?: boolean;
  /** The bot opened it: what is said in it looks like an answer to the bot. */
  readonly isOfBot?: boolean;
};

/** Groups by id. */
export type Groups = Map<number, TestGroup>;

/** The id of what a request calls a chat; undefined when there is no such public name. */
export function chatIdOf(value: unknown, groups: Groups): number | undefined {
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

function checkRights(group: TestGroup): void {
  checkMember(group);
  if (group.type === "channel" && (group.bot ?? "administrator") !== "administrator") {
    throw new ApiError(400, "Bad Request: need administrator rights in the channel chat");
  }
  if (group.bot === "restricted") {
    throw new ApiError(400, "Bad Request: not enough rights to send text messages to the chat");
  }
}
