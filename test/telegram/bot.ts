import { ApiError, badRequest } from "./api-error.ts";
import type { FloodControl } from "./flood-control.ts";
import type { Parameters } from "./request-parameters.ts";
import { checkPreviewOptions, checkReplyMarkup, checkText } from "./text-rules.ts";
import { Updates } from "./updates.ts";

/** State that all bots of the server share. */
export type World = {
  readonly flood: FloodControl;
  /** Chats that a bot may write to; undefined = every chat. */
  chats: ReadonlySet<number> | undefined;
  readonly blocked: Set<number>;
  readonly migrated: Map<number, number>;
  /** Milliseconds that never go backwards. */
  readonly steady: () => number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

type Method = (parameters: Parameters) => unknown;

type SentMessage = { readonly chatId: number; readonly text: string };

/** One bot: the methods of the Bot API that the project uses, by their lower-case names. */
export class Bot {
  readonly updates = new Updates();
  readonly methods: ReadonlyMap<string, Method>;
  readonly #id: number;
  readonly #world: World;
  readonly #sent = new Map<number, SentMessage>();
  readonly #answeredQueries = new Set<string>();
  #nextMessageId = 1;

  constructor(token: string, world: World) {
    this.#id = Number(token.split(":", 1)[0]);
    this.#world = world;
    this.methods = new Map<string, Method>([
      ["getme", () => this.#user()],
      ["sendmessage", (parameters) => this.#sendMessage(parameters)],
      ["editmessagetext", (parameters) => this.#editMessageText(parameters)],
      ["answercallbackquery", (parameters) => this.#answerCallbackQuery(parameters)],
      [
        "getupdates",
        ({ offset, limit, timeout }) => this.updates.get(whole(offset), whole(limit, 100), whole(timeout)),
      ],
      ["setwebhook", ({ url }) => this.#setWebhook(String(url ?? ""))],
      ["deletewebhook", () => this.#setWebhook("")],
      ["getwebhookinfo", () => this.#webhookInfo()],
    ]);
  }

  #user() {
    return {
      id: this.#id,
      is_bot: true,
      first_name: "Test Bot",
      username: `test_${this.#id}_bot`,
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
    };
  }

  #sendMessage({ chat_id, text, parse_mode, entities, reply_markup, link_preview_options }: Parameters) {
    const chatId = this.#chat(chat_id);
    const now = this.#world.steady();
    this.#world.flood.check(chatId, now);
    const plain = checkText(text, parse_mode, entities);
    checkReplyMarkup(reply_markup);
    checkPreviewOptions(link_preview_options);
    this.#world.flood.record(chatId, now);
    const messageId = this.#nextMessageId;
    this.#nextMessageId += 1;
    this.#sent.set(messageId, { chatId, text: plain });
    return this.#message(messageId, chatId, plain, entities);
  }

  #editMessageText({ chat_id, message_id, text, parse_mode, entities, reply_markup }: Parameters) {
    const chatId = this.#chat(chat_id);
    const message = this.#sent.get(whole(message_id));
    if (message?.chatId !== chatId) throw badRequest("message to edit not found");
    const plain = checkText(text, parse_mode, entities);
    checkReplyMarkup(reply_markup);
    if (plain === message.text && reply_markup === undefined) throw badRequest("message is not modified");
    this.#sent.set(whole(message_id), { chatId, text: plain });
    return this.#message(whole(message_id), chatId, plain, entities);
  }

  #answerCallbackQuery({ callback_query_id, text }: Parameters): boolean {
    const id = String(callback_query_id ?? "");
    if (typeof text === "string" && text.length > 200) throw badRequest("MESSAGE_TOO_LONG");
    if (id === "" || this.#answeredQueries.has(id)) {
      throw badRequest("query is too old and response timeout expired or query ID is invalid");
    }
    this.#answeredQueries.add(id);
    return true;
  }

  #setWebhook(url: string): boolean {
    if (url !== "" && !url.startsWith("https://")) throw badRequest("bad webhook: An HTTPS URL must be provided");
    this.updates.webhookUrl = url;
    return true;
  }

  #webhookInfo() {
    const { webhookUrl: url, count } = this.updates;
    return { url, has_custom_certificate: false, pending_update_count: count };
  }

  /** Throws what Telegram answers for a chat that the bot cannot write to. None of these is the client's fault. */
  #chat(value: unknown): number {
    const chatId = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
    if (value === undefined || value === "") throw badRequest("chat_id is empty");
    if (typeof chatId !== "number" || !Number.isSafeInteger(chatId))
      throw new ApiError(400, "Bad Request: chat not found");
    const to = this.#world.migrated.get(chatId);
    if (to !== undefined) {
      const parameters = { migrate_to_chat_id: to };
      throw new ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", { parameters });
    }
    if (this.#world.blocked.has(chatId)) throw new ApiError(403, "Forbidden: bot was blocked by the user");
    const known = this.#world.chats?.has(chatId) ?? true;
    if (!known) throw new ApiError(400, "Bad Request: chat not found");
    return chatId;
  }

  #message(messageId: number, chatId: number, text: string, entities: unknown) {
    const date = Math.floor(this.#world.clock() / 1000);
    const chat = { id: chatId, type: chatId > 0 ? "private" : "supergroup" };
    const formatting = entities === undefined ? {} : { entities };
    return { message_id: messageId, from: this.#user(), chat, date, text, ...formatting };
  }
}

function whole(value: unknown, fallback = 0): number {
  const number = Number(value ?? fallback);
  return Number.isSafeInteger(number) ? number : fallback;
}
