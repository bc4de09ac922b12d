import { commandLine } from "../commands/command-line.ts";
import type { ReceivedFile } from "./received-file.ts";
import type { Click, IncomingMessage, Migration, Person, Update } from "./update.ts";

/** What an update means for the bridge. */
export type Meaning =
  /** Somebody who may talk to the bot said something. */
  | ({ readonly kind: "response" } & Said)
  /** Somebody who may talk to the bot gave it a command. */
  | ({ readonly kind: "command" } & CommandGiven)
  /** Somebody who may talk to the bot pressed a button. */
  | ({ readonly kind: "click" } & Clicked)
  /** Somebody who is not on the list spoke to the bot, in a chat or by a button. */
  | { readonly kind: "stranger"; readonly from: Person; readonly chatId: number; readonly topic?: number }
  | { readonly kind: "strange_click"; readonly from: Person; readonly queryId: string }
  /** A group is another chat now. */
  | ({ readonly kind: "migration" } & Migration)
  /** It is for others, or says nothing. */
  | { readonly kind: "nothing" };

export type Said = {
  readonly type: "text" | "other";
  readonly from: Person;
  readonly chatId: number;
  /** Where in the chat it was said, and what the bridge says to it belongs. */
  readonly topic?: number;
  readonly messageId: number;
  /** Of a picture or file its caption. */
  readonly text: string;
  /** The message of the bot that it answers. */
  readonly repliesTo?: number;
  /** A picture, a file and the like. */
  readonly file?: ReceivedFile;
};

export type CommandGiven = {
  readonly from: Person;
  readonly chatId: number;
  /** Of a group in which it was given. */
  readonly topic?: number;
  /** In lower case, without the slash; perhaps there is none of that name. */
  readonly name: string;
  readonly args: string;
};

export type Clicked = {
  readonly queryId: string;
  readonly from: Person;
  readonly data: string;
  readonly message: { readonly chatId: number; readonly messageId: number };
};

export type Listener = {
  /** Telegram ids of the people who may talk to the bot. */
  readonly people: ReadonlySet<number>;
  readonly bot: Bot;
  /** Whether what people say there is for a session, also when it calls nobody. */
  readonly isBound: (place: { readonly chatId: number; readonly topic?: number }) => boolean;
};

/** `username` is known once Telegram has told it. */
export type Bot = { readonly id: number; readonly username?: string | undefined };

const NOTHING: Meaning = { kind: "nothing" };

/** Decides what an update means. Pure. */
export function meaningOf(update: Update, listener: Listener): Meaning {
  if (update.kind === "message") return meaningOfMessage(update.message, listener);
  if (update.kind === "click") return meaningOfClick(update.click, listener);
  if (update.kind === "migration") return { kind: "migration", ...update.migration };
  return NOTHING;
}

function meaningOfMessage(message: IncomingMessage, { people, bot, isBound }: Listener): Meaning {
  const { from, chat, sender_chat, text, caption, file } = message;
  // Who writes in the name of a chat may be anybody in it, and bots talk to bots without end.
  if (from === undefined || from.is_bot || sender_chat !== undefined) return NOTHING;
  const repliesTo = repliedTo(message, bot);
  const topic = topicOf(message);
  const place = { chatId: chat.id, ...(topic !== undefined && { topic }) };
  const isCalled = chat.type === "private" || repliesTo !== undefined || mentions(text ?? caption ?? "", bot);
  // Members of a group who are not on the list talk to each other there.
  if (!isCalled && !(people.has(from.id) && isBound(place))) return NOTHING;
  if (!people.has(from.id)) return { kind: "stranger", from, ...place };
  const command = commandIn(message, bot);
  if (command === "another bot's") return NOTHING;
  if (command !== undefined) return { kind: "command", from, ...place, ...command };
  return {
    kind: "response",
    type: text === undefined ? "other" : "text",
    from,
    ...place,
    messageId: message.message_id,
    text: text ?? caption ?? "",
    ...(repliesTo !== undefined && { repliesTo }),
    ...(file !== undefined && { file }),
  };
}

/**
 * The command that a text is. What answers a message of the bot is a response, whatever it begins with: programs have
 * commands of their own. Only with the bot's name behind it is it certain for whom it is.
 */
function commandIn(message: IncomingMessage, bot: Bot) {
  const line = commandLine(message.text ?? "");
  if (line === undefined) return undefined;
  const { bot: addressed, name, args } = line;
  const isReply = repliedTo(message, bot) !== undefined;
  if (addressed === undefined) return isReply ? undefined : { name, args };
  // Before Telegram has told its name, what comes in the private chat is for the bot.
  const own = bot.username?.toLowerCase() ?? (message.chat.type === "private" ? addressed : undefined);
  if (addressed === own) return { name, args };
  return isReply ? undefined : "another bot's";
}

/** The message of this bot that is answered. What answers nothing in a topic is shown as an answer to the topic's start. */
function repliedTo(message: IncomingMessage, bot: Bot): number | undefined {
  const { reply_to_message: original } = message;
  if (original?.from?.id !== bot.id || original.message_id === topicOf(message)) return undefined;
  return original.message_id;
}

function topicOf({ message_thread_id, is_topic_message }: IncomingMessage): number | undefined {
  return is_topic_message === true ? message_thread_id : undefined;
}

/** True for a text in a group that calls the bot by its name, also as the suffix of a command. */
function mentions(text: string, { username }: Bot): boolean {
  if (username === undefined) return false;
  const words: readonly string[] = text.toLowerCase().match(/@\w+/g) ?? [];
  return words.includes(`@${username.toLowerCase()}`);
}

function meaningOfClick({ id, from, message, data }: Click, { people }: Listener): Meaning {
  if (from.is_bot) return NOTHING;
  if (!people.has(from.id)) return { kind: "strange_click", from, queryId: id };
  // A game's button, or a message so old that Telegram does not say which one it was.
  if (data === undefined || message === undefined) return NOTHING;
  return {
    kind: "click",
    queryId: id,
    from,
    data,
    message: { chatId: message.chat.id, messageId: message.message_id },
  };
}
