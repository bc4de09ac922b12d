import { isDeepStrictEqual } from "node:util";
import { ApiError, badRequest } from "./api-error.ts";
import { Commands } from "./commands.ts";
import { Files } from "./files.ts";
import { chatOf, checkMember, checkWriting, openTopic, topicStart, writableChat } from "./groups.ts";
import { impossible, type Pressing, type Saying, type SentFile, type TestPerson, userOf } from "./people.ts";
import { checkAction, emojiIn } from "./reactions.ts";
import type { Parameters } from "./request-parameters.ts";
import { checkCaption, checkPreviewOptions, checkReplyMarkup, checkText } from "./text-rules.ts";
import { Updates } from "./updates.ts";
import { checkUpload, type UploadKind } from "./uploads.ts";
import { Webhook } from "./webhook.ts";
import type { World } from "./worlds.ts";

/** `gone`: the client does not wait for the answer any more. */
type Method = (parameters: Parameters, gone: AbortSignal) => unknown;

type KnownMessage = {
  readonly chatId: number;
  readonly topic?: number | undefined;
  readonly text: string;
  /** The text is the caption of a photo or document. */
  readonly isFile?: boolean;
  /** Whose it is; the bot's own are absent. */
  readonly from?: TestPerson;
  readonly markup?: unknown;
};

/** One bot: the methods of the Bot API that the project uses, by their lower-case names, and the people who use it. */
export class Bot {
  readonly updates = new Updates();
  readonly files = new Files();
  readonly methods: ReadonlyMap<string, Method>;
  readonly id: number;
  readonly #world: World;
  readonly #webhook: Webhook;
  readonly #commands = new Commands();
  readonly #messages = new Map<number, KnownMessage>();
  /** Buttons that were pressed, and whether that was answered. */
  readonly #queries = new Map<string, boolean>();
  #nextMessageId = 1;

  constructor(id: number, world: World) {
    this.id = id;
    this.#world = world;
    this.#webhook = new Webhook(this.updates, world.clock);
    this.methods = new Map<string, Method>([
      ["getme", () => this.#user()],
      ["getchat", (parameters) => this.#getChat(parameters)],
      ["sendmessage", (parameters) => this.#sendMessage(parameters)],
      ["sendphoto", (parameters) => this.#sendFile("photo", parameters)],
      ["senddocument", (parameters) => this.#sendFile("document", parameters)],
      ["editmessagetext", (parameters) => this.#editMessageText(parameters)],
      ["editmessagereplymarkup", (parameters) => this.#editMessageReplyMarkup(parameters)],
      ["answercallbackquery", (parameters) => this.#answerCallbackQuery(parameters)],
      ["setmessagereaction", (parameters) => this.#setMessageReaction(parameters)],
      ["sendchataction", (parameters) => this.#sendChatAction(parameters)],
      ["createforumtopic", (parameters) => this.#createForumTopic(parameters)],
      ["getfile", (parameters) => this.files.get(parameters)],
      ["getupdates", (parameters, gone) => this.#getUpdates(parameters, gone)],
      ["setwebhook", (parameters) => this.#webhook.set(parameters)],
      ["deletewebhook", ({ drop_pending_updates }) => this.#webhook.set({ drop_pending_updates })],
      ["getwebhookinfo", () => this.#webhook.info()],
      ["setmycommands", (parameters) => this.#commands.set(parameters)],
      ["getmycommands", (parameters) => this.#commands.get(parameters)],
      ["deletemycommands", (parameters) => this.#commands.delete(parameters)],
    ]);
  }

  /** A person writes. The bot hears of it as Telegram would tell it; returns the message's id. */
  hear({ from, chat_id = from.id, topic: inTopic, text, caption, reply_to, file }: Saying): number {
    const answered = reply_to === undefined ? undefined : this.#messages.get(reply_to);
    const topic = inTopic ?? answered?.topic;
    if (reply_to !== undefined && answered?.chatId !== chat_id) {
      throw impossible(`there is no message ${reply_to} in chat ${chat_id}`);
    }
    if ((text ?? caption ?? file) === undefined) throw impossible("an empty message");
    const messageId = this.#remember({ chatId: chat_id, topic, text: text ?? caption ?? "", from });
    const start = topicStart(chat_id, topic, this.#world.groups, this.#user());
    const isToBot = answered === undefined ? start?.from.is_bot === true : answered.from === undefined;
    if (!isToBot && !this.#isTold(chat_id, text)) return messageId;
    const original = reply_to === undefined ? start : this.#shown(reply_to);
    const answer = original === undefined ? {} : { reply_to_message: original };
    const message = { ...this.#shown(messageId, text === undefined ? "caption" : "text"), ...answer };
    this.updates.push({ message: text === undefined ? this.#withFile(message, file) : message });
    return messageId;
  }

  /** A group became a supergroup: Telegram says so in both, whatever the bot is there. */
  hearMigration(from: number, to: number): void {
    const date = Math.floor(this.#world.clock() / 1000);
    const [group, grown] = [chatOf(from, this.#world.groups), chatOf(to, this.#world.groups)];
    const said = { message_id: this.#remember({ chatId: from, text: "" }), date, chat: group, from: userOf({ id: 1 }) };
    this.updates.push({ message: { ...said, migrate_to_chat_id: to } });
    const anonymous = { id: 1_087_968_824, is_bot: true, first_name: "Group", username: "GroupAnonymousBot" };
    const told = { message_id: this.#remember({ chatId: to, text: "" }), date, chat: grown, from: anonymous };
    this.updates.push({ message: { ...told, sender_chat: grown, migrate_from_chat_id: from } });
  }

  #withFile({ caption, ...message }: Record<string, unknown>, file: SentFile = { kind: "photo" }) {
    return { ...message, ...(caption !== "" && { caption }), ...this.files.keep(file) };
  }

  /** Privacy mode: of groups a bot is told what answers it, and commands; an administrator is told everything. */
  #isTold(chatId: number, text: string | undefined): boolean {
    const isAdministrator = this.#world.groups.get(chatId)?.bot === "administrator";
    return chatId > 0 || isAdministrator || text?.startsWith("/") === true;
  }

  /** A person presses a button that is there. Returns the id of the query. */
  press({ from, chat_id, message_id, data }: Pressing): string {
    const message = this.#messages.get(message_id);
    if (message?.chatId !== chat_id) throw impossible(`there is no message ${message_id} in chat ${chat_id}`);
    if (!buttonsOf(message.markup).some((button) => button.callback_data === data)) {
      throw impossible(`there is no button "${data}" under message ${message_id}`);
    }
    const id = `${this.id}-${this.#queries.size + 1}`;
    this.#queries.set(id, false);
    const query = { id, from: userOf(from), message: this.#shown(message_id), chat_instance: `${chat_id}`, data };
    this.updates.push({ callback_query: query });
    return id;
  }

  /** Somebody deletes a message: it is there no more. */
  lose(messageId: number): void {
    if (!this.#messages.delete(messageId)) throw impossible(`there is no message ${messageId}`);
  }

  /** What a message says now; undefined when there is none. */
  textOf(messageId: number): string | undefined {
    return this.#messages.get(messageId)?.text;
  }

  stop(): void {
    this.updates.stop();
    this.#webhook.stop();
  }

  #getUpdates({ offset, limit, timeout, allowed_updates }: Parameters, gone: AbortSignal) {
    return this.updates.get({
      offset: whole(offset),
      limit: whole(limit, 100),
      timeoutSeconds: whole(timeout),
      allowed: allowed_updates,
      gone,
    });
  }

  #user() {
    return {
      id: this.id,
      is_bot: true,
      first_name: "Test Bot",
      username: `test_${this.id}_bot`,
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
    };
  }

  /** Of public groups and channels everybody may know. */
  #getChat({ chat_id }: Parameters) {
    const chatId = writableChat(chat_id, this.#world);
    const group = this.#world.groups.get(chatId);
    if (group !== undefined && (group.username === undefined || group.bot === "kicked")) checkMember(group);
    return { ...chatOf(chatId, this.#world.groups), accent_color_id: 0, max_reaction_count: 11 };
  }

  #sendMessage(parameters: Parameters) {
    const { text, parse_mode, entities, link_preview_options } = parameters;
    const { message, plain } = this.#new(parameters, () => {
      checkPreviewOptions(link_preview_options);
      return checkText(text, parse_mode, entities);
    });
    return { ...message, text: plain, ...(entities !== undefined && { entities }) };
  }

  #sendFile(kind: UploadKind, parameters: Parameters) {
    const { caption, parse_mode, caption_entities } = parameters;
    const { message, plain } = this.#new(parameters, () => {
      checkUpload(kind, parameters[kind]);
      return checkCaption(caption, parse_mode, caption_entities);
    });
    const { name } = checkUpload(kind, parameters[kind]);
    const id = { file_id: `f${message.message_id}`, file_unique_id: `f${message.message_id}` };
    const file = kind === "photo" ? [{ ...id, width: 1, height: 1 }] : { ...id, file_name: name };
    return { ...message, [kind]: file, ...(plain !== "" && { caption: plain }) };
  }

  /** What a message of any kind has to keep to; `checked` looks at its own, and says its text. */
  #new(parameters: Parameters, checked: () => string) {
    const { chat_id, message_thread_id, reply_markup, disable_notification } = parameters;
    const chatId = writableChat(chat_id, this.#world);
    checkWriting(this.#world.groups.get(chatId), message_thread_id);
    const now = this.#world.steady();
    this.#world.flood.check(chatId, now);
    const plain = checked();
    checkReplyMarkup(reply_markup);
    this.#checkReply(chatId, parameters.reply_parameters);
    if (disable_notification !== undefined && typeof disable_notification !== "boolean") {
      throw badRequest('field "disable_notification" must be of type Boolean');
    }
    this.#world.flood.record(chatId, now);
    const isFile = parameters.text === undefined;
    const known = { chatId, topic: threadOf(message_thread_id), text: plain, markup: reply_markup, isFile };
    const messageId = this.#remember(known);
    return { message: this.#message(messageId, chatId), plain };
  }

  #setMessageReaction({ chat_id, message_id, reaction }: Parameters): boolean {
    const chatId = writableChat(chat_id, this.#world);
    emojiIn(reaction);
    if (this.#messages.get(whole(message_id))?.chatId !== chatId) throw badRequest("message to react not found");
    return true;
  }

  #sendChatAction({ chat_id, message_thread_id, action }: Parameters): boolean {
    const chatId = writableChat(chat_id, this.#world);
    checkWriting(this.#world.groups.get(chatId), message_thread_id);
    checkAction(action);
    return true;
  }

  #createForumTopic({ chat_id, name }: Parameters) {
    const chatId = writableChat(chat_id, this.#world);
    const id = this.#nextMessageId;
    this.#world.groups.set(chatId, openTopic(this.#world.groups.get(chatId), name, id));
    this.#nextMessageId += 1;
    return { message_thread_id: id, name, icon_color: 0 };
  }

  /** A message may answer another one of its chat; where that is gone, only if the request says that it does not matter. */
  #checkReply(chatId: number, reply: unknown): void {
    if (reply === undefined) return;
    const { message_id, allow_sending_without_reply } = reply as Parameters;
    if (!Number.isInteger(message_id)) throw badRequest("can't parse reply parameters");
    const isThere = this.#messages.get(whole(message_id))?.chatId === chatId;
    if (!isThere && allow_sending_without_reply !== true) throw badRequest("message to be replied not found");
  }

  /** Without a keyboard in the request the message has none any more. */
  #editMessageText({ chat_id, message_id, text, parse_mode, entities, reply_markup }: Parameters) {
    const message = this.#own(chat_id, message_id);
    if (message.isFile === true) throw badRequest("there is no text in the message to edit");
    const now = this.#world.steady();
    this.#world.flood.check(message.chatId, now);
    const plain = checkText(text, parse_mode, entities);
    checkReplyMarkup(reply_markup);
    this.#change(whole(message_id), message, { ...message, text: plain, markup: reply_markup });
    this.#world.flood.record(message.chatId, now);
    return this.#textMessage(whole(message_id), message.chatId, plain, entities);
  }

  #editMessageReplyMarkup({ chat_id, message_id, reply_markup }: Parameters) {
    const message = this.#own(chat_id, message_id);
    checkReplyMarkup(reply_markup);
    this.#change(whole(message_id), message, { ...message, markup: reply_markup });
    return this.#textMessage(whole(message_id), message.chatId, message.text, undefined);
  }

  #own(chat: unknown, messageId: unknown): KnownMessage {
    const chatId = writableChat(chat, this.#world);
    const message = this.#messages.get(whole(messageId));
    // Whoever deletes a message may do so at any time: that is no mistake of the bot.
    if (message === undefined && whole(messageId) < this.#nextMessageId) {
      throw new ApiError(400, "Bad Request: message to edit not found");
    }
    if (message?.chatId !== chatId) throw badRequest("message to edit not found");
    if (message.from !== undefined) throw badRequest("message can't be edited");
    return message;
  }

  #change(id: number, before: KnownMessage, after: KnownMessage): void {
    const isSame = before.text === after.text && isDeepStrictEqual(buttonsOf(before.markup), buttonsOf(after.markup));
    if (isSame) throw badRequest("message is not modified");
    this.#messages.set(id, after);
  }

  #remember(message: KnownMessage): number {
    const id = this.#nextMessageId;
    this.#nextMessageId += 1;
    this.#messages.set(id, message);
    return id;
  }

  /** A button's query is answered once, by the bot that was told of it. */
  #answerCallbackQuery({ callback_query_id, text }: Parameters): boolean {
    const id = String(callback_query_id ?? "");
    if (typeof text === "string" && text.length > 200) throw badRequest("MESSAGE_TOO_LONG");
    if (this.#queries.get(id) !== false) {
      throw badRequest("query is too old and response timeout expired or query ID is invalid");
    }
    this.#queries.set(id, true);
    return true;
  }

  /** A message as updates show it. */
  #shown(id: number, field: "text" | "caption" = "text") {
    const { chatId, topic, text, from } = this.#messages.get(id) ?? { chatId: 0, text: "" };
    const date = Math.floor(this.#world.clock() / 1000);
    const author = from === undefined ? this.#user() : userOf(from);
    const thread = topic === undefined ? {} : { message_thread_id: topic, is_topic_message: true };
    return { message_id: id, from: author, chat: chatOf(chatId, this.#world.groups), date, ...thread, [field]: text };
  }

  #textMessage(messageId: number, chatId: number, text: string, entities: unknown) {
    return { ...this.#message(messageId, chatId), text, ...(entities !== undefined && { entities }) };
  }

  #message(messageId: number, chatId: number) {
    const date = Math.floor(this.#world.clock() / 1000);
    return { message_id: messageId, from: this.#user(), chat: chatOf(chatId, this.#world.groups), date };
  }
}

type Button = { readonly text?: unknown; readonly callback_data?: unknown };

function buttonsOf(markup: unknown): readonly Button[] {
  const rows = (markup as { inline_keyboard?: readonly (readonly Button[])[] } | undefined)?.inline_keyboard ?? [];
  return rows.flat();
}

function threadOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function whole(value: unknown, fallback = 0): number {
  const number = Number(value ?? fallback);
  return Number.isSafeInteger(number) ? number : fallback;
}
