import type { Api } from "node-telegram-bot-api";
import type { UpdatesConfig } from "../config.ts";
import { RefusedError } from "../refused-error.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Inbox } from "./inbox.ts";
import type { PollResult } from "./poll-plan.ts";
import { ALLOWED_UPDATES } from "./update.ts";
import { deliveryProblem, foreignWebhook, type WebhookInfo, webhookSecret, webhookStep } from "./webhook.ts";

export type UpdatesSourceOptions = {
  readonly config: UpdatesConfig;
  readonly inbox: Pick<Inbox, "next" | "webhook" | "rememberWebhook">;
  readonly telegram: Pick<TelegramClient, "ask" | "botId">;
  readonly token: () => string;
  /** Resolves with the number of new updates when all are on disk; rejects with RefusedError when they cannot be. */
  readonly take: (raw: readonly unknown[], botId: number) => Promise<number>;
  readonly now: () => number;
};

const POLL_SECONDS = 25;
const BATCH = 100;
/** One call at a time: the effects come in the order of the updates. */
const WEBHOOK_CONNECTIONS = 1;

type Failed = Exclude<PollResult, { kind: "answered" }>;

/** Where updates come from, one request at a time. Its promises never reject. */
export class UpdatesSource {
  readonly #options: UpdatesSourceOptions;
  /** Telegram was told the webhook since the start. */
  #told = false;

  constructor(options: UpdatesSourceOptions) {
    this.#options = options;
  }

  /** The token is another one: what Telegram was told, it was told for another bot. */
  forget(): void {
    this.#told = false;
  }

  async poll(signal: AbortSignal): Promise<PollResult> {
    const { config } = this.#options;
    try {
      const { botId } = this.#options.telegram;
      if (botId === undefined) return this.#withoutToken();
      if (config.mode === "Webhook") return await this.#checkWebhook(config.url, botId, signal);
      // Of an earlier start, in which this bridge was called and killed.
      await this.releaseOwnWebhook(signal);
      const result = await this.#updates(botId, signal);
      if (result.kind !== "conflict" || result.with !== "webhook") return result;
      const kept = await this.#release(botId, signal);
      return kept === undefined ? await this.#updates(botId, signal) : { ...result, error: kept };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: error instanceof RefusedError ? "not_stored" : "unreachable", error: reason };
    }
  }

  /** Takes back the webhook that this bridge has set, for the bot before if that is named; resolves with the reason why it stays. */
  async releaseOwnWebhook(signal?: AbortSignal, telegram = this.#options.telegram): Promise<string | undefined> {
    const { botId } = telegram;
    if (botId === undefined || this.#options.inbox.webhook(botId) === undefined) return undefined;
    return this.#release(botId, signal, telegram);
  }

  /** The reason why the webhook that there is stays: it is somebody else's, or Telegram does not answer. */
  async #release(
    botId: number,
    signal: AbortSignal | undefined,
    telegram = this.#options.telegram,
  ): Promise<string | undefined> {
    const { inbox } = this.#options;
    const info = await this.#info(signal, telegram);
    if ("problem" in info) return info.problem.error;
    const { url } = info.value;
    const own = inbox.webhook(botId);
    if (url !== "" && url !== own) {
      // Whoever has set another one has ended this bridge's.
      if (own !== undefined) await inbox.rememberWebhook(botId, undefined);
      return foreignWebhook(url);
    }
    const answer = await telegram.ask((api) => api.deleteWebhook({}, signal));
    if ("problem" in answer) return answer.problem.error;
    await inbox.rememberWebhook(botId, undefined);
    return undefined;
  }

  async #updates(botId: number, signal: AbortSignal): Promise<PollResult> {
    const { inbox, telegram, take, now, config } = this.#options;
    const startedAt = now();
    const offset = inbox.next(botId);
    const timeout = (config.mode === "Polling" ? config.pollSeconds : undefined) ?? POLL_SECONDS;
    const parameters = { offset, limit: BATCH, timeout, allowed_updates: [...ALLOWED_UPDATES] };
    // The library gives a long poll up ten seconds after its end: that is how a connection that died silently is noticed.
    const answer = await telegram.ask((api) => api.getUpdates(parameters, signal));
    if ("problem" in answer) return answer.problem;
    const fresh = await take(answer.value, botId);
    return { kind: "answered", fresh, tookMs: now() - startedAt };
  }

  async #checkWebhook(wanted: string, botId: number, signal: AbortSignal): Promise<PollResult> {
    const { inbox, now } = this.#options;
    const info = await this.#info(signal);
    if ("problem" in info) return info.problem;
    const { url } = info.value;
    const step = webhookStep(url, { wanted, own: inbox.webhook(botId), known: this.#told });
    if (step === "leave") return { kind: "conflict", with: "webhook", error: foreignWebhook(url) };
    if (step === "set") {
      const failed = await this.#setWebhook(wanted, botId, signal);
      if (failed !== undefined) return failed;
    }
    const problem = step === "keep" ? deliveryProblem(info.value, now()) : undefined;
    return problem === undefined ? { kind: "answered", fresh: 0, tookMs: 0 } : { kind: "undelivered", error: problem };
  }

  async #setWebhook(url: string, botId: number, signal: AbortSignal): Promise<Failed | undefined> {
    const { inbox, telegram, token } = this.#options;
    // Before Telegram knows it: a crash in between must not make it a stranger's.
    await inbox.rememberWebhook(botId, url);
    const parameters = {
      url,
      secret_token: webhookSecret(token()),
      allowed_updates: [...ALLOWED_UPDATES],
      max_connections: WEBHOOK_CONNECTIONS,
    };
    const answer = await telegram.ask((api: Api) => api.setWebhook(parameters, signal));
    if ("problem" in answer) return answer.problem;
    this.#told = true;
    return undefined;
  }

  async #info(signal: AbortSignal | undefined, telegram = this.#options.telegram) {
    const answer = await telegram.ask((api) => api.getWebhookInfo(signal));
    if ("problem" in answer) return answer;
    const { url, pending_update_count, last_error_date, last_error_message } = answer.value;
    const value: WebhookInfo = {
      url,
      pendingUpdates: pending_update_count,
      ...(last_error_date !== undefined && { lastErrorAt: last_error_date * 1000 }),
      ...(last_error_message !== undefined && { lastError: last_error_message }),
    };
    return { value };
  }

  #withoutToken(): Failed {
    try {
      this.#options.token();
    } catch (error) {
      return { kind: "unauthorized", error: (error as Error).message };
    }
    return { kind: "unauthorized", error: "there is no bot token" };
  }
}
