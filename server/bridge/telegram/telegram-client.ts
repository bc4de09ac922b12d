import { Api } from "node-telegram-bot-api";
import type { TelegramConfig } from "../config.ts";
import type { OutgoingMessage } from "../queue/queue.ts";
import { describe, type Outcome, outcomeOf } from "./outcome.ts";

/** Telegram would fetch every link in a text, and show what the page says of itself. */
const NO_PREVIEW = { is_disabled: true } as const;

type Me = { readonly username: string };

export type CheckResult =
  | { readonly kind: "reachable"; readonly me: Me }
  | { readonly kind: "unreachable"; readonly error: string; readonly retryAfterMs?: number }
  | { readonly kind: "unauthorized"; readonly error: string };

/** The two Bot API methods that delivery needs. Its promises never reject. */
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

  async send({ chatId, text, entities }: OutgoingMessage, signal: AbortSignal): Promise<Outcome> {
    const api = this.#current();
    if (api instanceof Error) return { kind: "unauthorized", error: api.message };
    try {
      const formatting = entities.length === 0 ? {} : { entities: [...entities] };
      const parameters = { chat_id: chatId, text, link_preview_options: NO_PREVIEW, ...formatting };
      const result = await api.sendMessage(parameters, signal);
      return { kind: "sent", telegramMessageId: result.message_id };
    } catch (error) {
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
