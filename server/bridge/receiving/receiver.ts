import type { ReceivingStatus } from "../../../contract/bridge-status.ts";
import type { Audit } from "../../telemetry/audit.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { CommandRecord } from "../commands/commands.ts";
import type { UpdatesConfig } from "../config.ts";
import type { PendingMessage } from "../queue/message.ts";
import { RefusedError } from "../refused-error.ts";
import type { BridgeMetrics } from "../status/metrics.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Taken } from "./effects.ts";
import type { Inbox } from "./inbox.ts";
import type { PollResult } from "./poll-plan.ts";
import { Poller } from "./poller.ts";
import { ReceivingState } from "./receiving-state.ts";
import { readUpdate, type Update } from "./update.ts";
import { UpdatesSource } from "./updates-source.ts";
import { isSecret } from "./webhook.ts";

type Asked = Pick<TelegramClient, "ask" | "botId">;

export type ReceiverOptions = {
  readonly config: UpdatesConfig;
  readonly inbox: Inbox;
  readonly telegram: Asked;
  /** Throws what is wrong with the token. */
  readonly token: () => string;
  /** The bot's user name, once Telegram has told it. */
  readonly username: () => string | undefined;
  readonly metrics: Pick<BridgeMetrics, "updates" | "polls">;
  readonly logger: Logger;
  readonly audit: Pick<Audit, "record">;
  /** What is to be sent because somebody spoke to the bot. */
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  /** A response is on disk. */
  readonly onResponse: (taken: Taken) => void;
  /** Something that was to be decided is another now, or somebody tried. */
  readonly onDecision: (record: NonNullable<Taken["record"]>) => void;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

export type WebhookReceiver = {
  /** True for the secret that Telegram was told. */
  isTelegram(secret: string | undefined): boolean;
  /** Resolves when the update's effect is on disk; rejects with RefusedError when it cannot be. */
  called(body: unknown): Promise<void>;
  /** Where there is nothing but this; undefined: beside the bridge's other routes. */
  readonly own: { readonly port: number; readonly path: string } | undefined;
};

/** Telegram calls a webhook at once; asking whether it is still set is for the health alone. */
const WEBHOOK_CHECK_MS = 20_000;
/** The person looks at a button that waits. */
const ANSWER_LIMIT_MS = 5_000;
const NAME_LIMIT_MS = 5_000;
/** Whoever waits for the bridge's end waits longer. */
const RELEASE_LIMIT_MS = 5_000;

/** Hears what people say, by polling or by a webhook, and sees to what follows from it. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #state: ReceivingState;
  readonly #source: UpdatesSource;
  readonly #poller: Poller;
  readonly #answering = new Set<Promise<unknown>>();
  #started = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    const { config, now, random } = options;
    this.#state = new ReceivingState(config.mode, now());
    this.#source = new UpdatesSource({ ...options, take: (raw, botId) => this.#takeAll(raw, botId) });
    this.#poller = new Poller({
      poll: (signal) => this.#source.poll(signal),
      onResult: (result) => this.#onResult(result),
      now,
      random,
      restMs: config.mode === "Webhook" ? WEBHOOK_CHECK_MS : 0,
    });
  }

  start(): void {
    this.#started = true;
    if (this.#options.config.mode !== "None") this.#poller.start();
  }

  /** Resolves when what has come in is taken. The webhook goes, too: whoever receives next may poll, and knows nothing of it. */
  async stop(): Promise<void> {
    await this.#poller.stop();
    await Promise.all(this.#answering);
    if (this.#started && this.#options.config.mode === "Webhook")
      await this.#release(AbortSignal.timeout(RELEASE_LIMIT_MS));
  }

  async #release(signal?: AbortSignal, former?: Asked): Promise<void> {
    const reason = await this.#source.releaseOwnWebhook(signal, former).catch((error: Error) => error.message);
    if (reason !== undefined) this.#options.logger.warn({ reason }, "the webhook is not taken back");
  }

  /** The token is another one. The webhook of the bot before, if that is another one, too, is taken back. */
  restart(former: Asked): void {
    const { config, telegram } = this.#options;
    this.#source.forget();
    this.#poller.restart();
    if (config.mode !== "Webhook" || former.botId === telegram.botId) return;
    this.#await(this.#release(AbortSignal.timeout(RELEASE_LIMIT_MS), former));
  }

  /** Telegram answers again. */
  reachable(): void {
    this.#poller.hurry();
    if (this.#options.config.mode === "None") void this.#release();
  }

  status(now: number): ReceivingStatus {
    return this.#state.status(now);
  }

  obstacle(now: number): string | undefined {
    return this.#state.obstacle(now);
  }

  silenceSeconds(now: number): number {
    return this.#state.silenceSeconds(now);
  }

  /** What the bridge's port does with Telegram's calls; undefined when there are none. */
  webhook(): WebhookReceiver | undefined {
    const { config } = this.#options;
    if (config.mode !== "Webhook") return undefined;
    const { port, url } = config;
    return {
      own: port === undefined ? undefined : { port, path: new URL(url).pathname },
      isTelegram: (secret) => this.#isTelegram(secret),
      called: async (body) => {
        const { botId } = this.#options.telegram;
        if (botId !== undefined) await this.#takeAll([body], botId);
      },
    };
  }

  #isTelegram(secret: string | undefined): boolean {
    try {
      return isSecret(secret, this.#options.token());
    } catch {
      return false;
    }
  }

  #onResult(result: PollResult): void {
    const { metrics, logger, now } = this.#options;
    const before = this.#state.status(now());
    this.#state.record(result, now());
    metrics.polls.inc({ outcome: result.kind });
    const after = this.#state.status(now());
    if (after.error !== undefined && after.error !== before.error) {
      logger.warn({ reason: after.error, ...(after.hint && { hint: after.hint }) }, "what people say is not received");
    } else if (result.kind === "answered" && before.receiving !== after.receiving) {
      logger.info("what people say is received");
    }
  }

  /** The number of updates that were new. */
  async #takeAll(raw: readonly unknown[], botId: number): Promise<number> {
    const updates = raw.flatMap((each) => readUpdate(each) ?? []);
    const bot = { id: botId, username: updates.length === 0 ? undefined : await this.#name() };
    const taken = await Promise.all(updates.map((update) => this.#take(update, bot)));
    for (const each of taken) this.#follow(each);
    return taken.filter(({ kind }) => kind !== "duplicate").length;
  }

  /** What waited for the start may come before Telegram has told the name, by which a group's commands are known. */
  async #name(): Promise<string | undefined> {
    const { telegram, username } = this.#options;
    const known = username();
    if (known !== undefined) return known;
    const answer = await telegram.ask((api) => api.getMe(AbortSignal.timeout(NAME_LIMIT_MS)));
    return "value" in answer ? answer.value.username : undefined;
  }

  async #take(update: Update, bot: { readonly id: number; readonly username: string | undefined }): Promise<Taken> {
    const { inbox, logger } = this.#options;
    try {
      return await inbox.take(update, bot);
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      logger.error(
        { update: update.id, reason: (error as Error).message },
        "an update cannot be taken; it is left out",
      );
      await inbox.skip(update, bot);
      return { kind: "nothing", lines: [] };
    }
  }

  #follow(taken: Taken): void {
    const { metrics, onLines, onResponse, onDecision, logger } = this.#options;
    metrics.updates.inc({ kind: taken.kind });
    if (taken.lines.length > 0) onLines(taken.lines);
    if (taken.record !== undefined) onDecision(taken.record);
    if (taken.command !== undefined) this.#audit(taken.command);
    taken.afterwards?.();
    if (taken.kind === "response" || taken.kind === "click") onResponse(taken);
    if (taken.kind === "stranger" || taken.kind === "strange_click") {
      logger.debug("somebody who is not on the list spoke to the bot");
    }
    if (taken.answer !== undefined) this.#answer(taken.answer);
  }

  /** The audit trail: who gave which command, and what came of it. */
  #audit({ command = "unknown", outcome, userId: user_id, chatId: chat_id }: CommandRecord): void {
    const { logger, audit } = this.#options;
    logger.info({ command, outcome, user_id, chat_id }, "command given");
    const isDone = outcome === "answered";
    const what = { command, result: outcome, user_id, chat_id };
    audit.record({ decision: "command", outcome: isDone ? "done" : "refused", ...what });
  }

  #answer({ queryId, text }: NonNullable<Taken["answer"]>): void {
    const { telegram, logger } = this.#options;
    const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const request = telegram
      .ask((api) => api.answerCallbackQuery({ callback_query_id: queryId, text }, limit))
      .then((answer) => {
        if ("problem" in answer) logger.warn({ reason: answer.problem.error }, "a button could not be answered");
      });
    this.#await(request);
  }

  /** The bridge does not end before it. */
  #await(request: Promise<void>): void {
    const ended = request.finally(() => this.#answering.delete(ended));
    this.#answering.add(ended);
  }
}
