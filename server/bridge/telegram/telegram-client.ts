import { Api, InputFile } from "node-telegram-bot-api";
import type { TelegramConfig } from "../config.ts";
import type { Keyboard, OutgoingMessage } from "../queue/message.ts";
import { isStandIn } from "../routing/destination.ts";
import { describe, type Outcome, outcomeOf } from "./outcome.ts";
import { type Problem, problemOf } from "./problem.ts";

/** Telegram would fetch every link in a text, and show what the page says of itself. */
const NO_PREVIEW = { is_disabled: true } as const;

/** A message; a silent one makes no sound where it arrives. */
type Sendable = Omit<OutgoingMessage, "weight" | "isProgress" | "isShown"> & { readonly silent?: boolean };

type Me = { readonly username: string };

export type CheckResult =
  | { readonly kind: "reachable"; readonly me: Me }
  | { readonly kind: "unreachable"; readonly error: string; readonly retryAfterMs?: number }
  | { readonly kind: "unauthorized"; readonly error: string };

export type Answer<T> = { readonly value: T } | { readonly problem: Problem };

/** What became of a file that was asked for. */
export type Fetched =
  | { readonly kind: "fetched"; readonly bytes: Buffer }
  | { readonly kind: "not_found" | "too_large" }
  | { readonly kind: "failed"; readonly error: string };

/** Requests to the Bot API with the token of the moment. Its promises never reject. */
export class TelegramClient {
  readonly #config: TelegramConfig;
  readonly #token: () => string;
  readonly #fetch: typeof fetch;
  #api: { readonly token: string; readonly api: Api } | undefined;

  constructor(config: TelegramConfig, token: () => string, fetchImpl: typeof fetch) {
    this.#config = config;
    this.#token = token;
    this.#fetch = fetchImpl;
  }

  /**
   * Sends a message, or puts it in the place of the one that it edits. Of a chat that is known by its public name only it
   * asks for the id, and sends nothing.
   */
  async send(message: Sendable, signal: AbortSignal): Promise<Outcome> {
    const { chatId, publicName, edits } = message;
    const api = this.#current();
    if (api instanceof Error) return { kind: "unauthorized", error: api.message };
    if (isStandIn(chatId)) return chatNamed(api, publicName, signal);
    try {
      return sent(await requested(api, message, signal));
    } catch (error) {
      // An edit whose answer was lost, and that came again.
      if (edits !== undefined && describe(error).includes("message is not modified")) return sent(edits);
      return outcomeOf(error);
    }
  }

  /** Whether Telegram answers and takes the token. */
  async check(signal: AbortSignal): Promise<CheckResult> {
    const api = this.#current();
    if (api instanceof Error) return { kind: "unauthorized", error: api.message };
    try {
      const me = await api.getMe(signal);
      return { kind: "reachable", me: { username: me.username ?? me.first_name } };
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.kind === "unauthorized") {
        return { kind: "unauthorized", error: `Telegram refuses the bot token: ${outcome.error}` };
      }
      const pause = outcome.kind === "rate_limited" ? { retryAfterMs: outcome.retryAfterMs } : {};
      return { kind: "unreachable", error: describe(error), ...pause };
    }
  }

  /** Id of the bot whose token it has now; undefined when there is no usable one. */
  get botId(): number | undefined {
    try {
      return Number(this.#token().split(":", 1)[0]);
    } catch {
      return undefined;
    }
  }

  /** Anything but sending a message. */
  async ask<T>(request: (api: Api) => Promise<T>): Promise<Answer<T>> {
    const api = this.#current();
    if (api instanceof Error) return { problem: { kind: "unauthorized", error: api.message } };
    try {
      return { value: await request(api) };
    } catch (error) {
      return { problem: problemOf(error) };
    }
  }

  /** A file by the path that Telegram has told for it; nothing that is told of a failure names the place, for the token is in it. */
  async download(path: string, mostBytes: number, signal: AbortSignal): Promise<Fetched> {
    try {
      const url = `${this.#config.apiUrl}/file/bot${this.#token()}/${path.split("/").map(encodeURIComponent).join("/")}`;
      const response = await this.#fetch(url, { signal, redirect: "error" });
      if (response.status === 404 || response.status === 400) return { kind: "not_found" };
      if (!response.ok) return { kind: "failed", error: `Telegram answered ${response.status}` };
      return await bounded(response, mostBytes);
    } catch (error) {
      return { kind: "failed", error: signal.aborted ? "it took too long" : describe(error) };
    }
  }

  /** The library's own retries and limits are off: they know nothing of the queue and would repeat unrecorded. */
  #current(): Api | Error {
    try {
      const token = this.#token();
      if (this.#api?.token !== token) {
        const { apiUrl, apiTimeoutMs } = this.#config;
        const options = { apiRoot: apiUrl, timeoutMs: apiTimeoutMs, maxRetries: 0, fetch: this.#fetch };
        this.#api = { token, api: new Api(token, options) };
      }
      return this.#api.api;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** Whatever Telegram says of its size. */
async function bounded(response: Response, mostBytes: number): Promise<Fetched> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > mostBytes) return { kind: "too_large" };
    chunks.push(chunk);
  }
  return { kind: "fetched", bytes: Buffer.concat(chunks) };
}

/** The id behind a public name. Nothing was sent, so no error leaves it open whether Telegram has the message. */
async function chatNamed(api: Api, publicName: string | undefined, signal: AbortSignal): Promise<Outcome> {
  if (publicName === undefined) return { kind: "failed", error: "the public name of the chat is lost" };
  try {
    const { id } = await api.getChat({ chat_id: publicName }, signal);
    return { kind: "named", chatId: id };
  } catch (error) {
    const outcome = outcomeOf(error);
    return outcome.kind === "retry" ? { ...outcome, uncertain: false } : outcome;
  }
}

/** Sends it, with its file or as a text; resolves with the id of the message that people see. */
async function requested(api: Api, message: Sendable, signal: AbortSignal): Promise<number> {
  const { chatId, topic, text, entities, keyboard, edits, file, replyTo, silent = false } = message;
  const common = {
    chat_id: chatId,
    ...(keyboard !== undefined && { reply_markup: markupOf(keyboard) }),
    ...(silent && { disable_notification: true }),
  };
  const thread = {
    ...(topic !== undefined && { message_thread_id: topic }),
    // What it answers may be gone by now.
    ...(replyTo !== undefined && { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
  };
  if (file !== undefined) {
    const caption = text !== "" && { caption: text };
    const styled = entities.length > 0 && { caption_entities: [...entities] };
    const parameters = { ...common, ...thread, ...caption, ...styled };
    const upload = new InputFile(file.bytes, { filename: file.name, contentType: file.mediaType });
    if (file.kind === "photo") return (await api.sendPhoto({ ...parameters, photo: upload }, signal)).message_id;
    return (await api.sendDocument({ ...parameters, document: upload }, signal)).message_id;
  }
  const styled = entities.length > 0 && { entities: [...entities] };
  const parameters = { ...common, text, link_preview_options: NO_PREVIEW, ...styled };
  if (edits === undefined) return (await api.sendMessage({ ...parameters, ...thread }, signal)).message_id;
  await api.editMessageText({ ...parameters, message_id: edits }, signal);
  return edits;
}

function sent(telegramMessageId: number): Outcome {
  return { kind: "sent", telegramMessageId };
}

function markupOf(keyboard: Keyboard) {
  return { inline_keyboard: keyboard.map((row) => row.map(({ text, data }) => ({ text, callback_data: data }))) };
}
