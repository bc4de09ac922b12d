import type { Logger } from "../../telemetry/logger.ts";
import type { Attention } from "../attention/attention.ts";
import { backoffMs } from "../pacing/backoff.ts";
import type { Breaker } from "../pacing/breaker.ts";
import type { Pacer } from "../pacing/pacer.ts";
import { BRIDGE_ITSELF, type OutgoingMessage, type Settlement } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { BridgeMetrics } from "../status/metrics.ts";
import type { Outcome } from "../telegram/outcome.ts";
import type { Reachability } from "../telegram/reachability.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Recorder } from "./recorder.ts";

export type AttemptsOptions = {
  readonly queue: Pick<Queue, "pauseUntil" | "migrateChat">;
  readonly pacer: Pacer;
  readonly telegram: Pick<TelegramClient, "send">;
  readonly attention: Pick<Attention, "decide">;
  readonly reachability: Pick<Reachability, "doubted" | "succeeded" | "refused">;
  readonly breaker: Breaker;
  /** Failures of one message after which it is given up. Undefined: never. */
  readonly mostFailures: number | undefined;
  readonly metrics: BridgeMetrics;
  readonly logger: Logger;
  /** Telegram asks to wait: with messages to a chat, or with all. */
  readonly onPause: (until: number, chatId?: number) => void;
  /** Told of every message with buttons that was sent, and when a group is another one: its buttons stay behind. */
  readonly onKeyboard: () => void;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** Sends one message at a time, and decides by Telegram's answer what becomes of it. */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #recorder: Recorder;
  readonly #signal: AbortSignal;

  /** `signal`: requests under way are given up. */
  constructor(options: AttemptsOptions, recorder: Recorder, signal: AbortSignal) {
    this.#options = options;
    this.#recorder = recorder;
    this.#signal = signal;
  }

  /** `chatId` is the pacer's; the message's own may have migrated in between. */
  async make(message: OutgoingMessage, chatId: number): Promise<void> {
    const { telegram, pacer, now, metrics, attention } = this.#options;
    if (isExpired(message, now())) return this.#leave(message, chatId, "expired");
    const isOwn = message.client === BRIDGE_ITSELF;
    const decision = isOwn ? "sound" : attention.decide(message.chatId, message.weight);
    // Whoever muted the bot after the message was accepted hears nothing of it either.
    if (decision === "dropped") return this.#leave(message, chatId, "muted");
    // Telegram refuses an edit that changes nothing.
    if (message.isShown) return this.#leave(message, chatId, "unchanged");
    if (message.uncertain) metrics.resentUncertain.inc();
    const start = now();
    const outcome = await telegram.send({ ...message, silent: decision === "silent" }, this.#signal);
    const at = now();
    pacer.ended(chatId, at);
    if (this.#signal.aborted && outcome.kind !== "sent") return;
    this.#count(message, outcome, at - start);
    await this.#conclude({ message, chatId, at }, outcome);
  }

  /** There is no request. */
  async #leave(message: OutgoingMessage, chatId: number, kind: "expired" | "muted" | "unchanged"): Promise<void> {
    const { pacer, now, metrics } = this.#options;
    const at = now();
    await this.#recorder.record(message, { kind, at });
    if (kind !== "unchanged") metrics[kind].inc();
    pacer.dropped(chatId, at);
  }

  #count({ attempts }: OutgoingMessage, outcome: Outcome, durationMs: number): void {
    const { metrics, reachability, breaker } = this.#options;
    metrics.requests.inc({ outcome: outcome.kind });
    metrics.duration.observe(durationMs / 1000);
    metrics.tier.asked(outcome.kind, durationMs, attempts > 0);
    if (outcome.kind === "sent") {
      metrics.delivered.inc();
      metrics.sent.inc();
      reachability.succeeded();
    } else if (outcome.kind !== "named") metrics.errors.inc();
    if (outcome.kind === "rate_limited") metrics.rateLimited.inc();
    // Whatever Telegram says in its own words, it works.
    if (outcome.kind !== "retry" && outcome.kind !== "unauthorized") breaker.answered();
  }

  async #conclude(attempt: Attempt, outcome: Outcome): Promise<void> {
    const { chatId, at, message } = attempt;
    const { pacer, reachability } = this.#options;
    this.#log(attempt, outcome);
    switch (outcome.kind) {
      case "sent":
        await this.#recorder.record(message, { kind: "sent", at, telegramMessageId: outcome.telegramMessageId });
        if (message.keyboard !== undefined && message.edits === undefined) this.#options.onKeyboard();
        return pacer.settled(chatId, at);
      case "failed":
        return this.#fail(attempt, outcome.error);
      case "rate_limited":
        return this.#pause(attempt, outcome.error, at + outcome.retryAfterMs);
      case "migrated":
        return this.#migrate(attempt, outcome.chatId, outcome.error);
      case "named":
        return this.#migrate(attempt, outcome.chatId, "");
      case "entities_refused":
        return this.#without("entities", attempt, outcome.error);
      case "topic_refused":
        return this.#without("topic", attempt, outcome.error);
      case "edit_refused":
        return this.#without("edits", attempt, outcome.error);
      case "photo_refused":
        return this.#without("photo", attempt, outcome.error);
      case "unauthorized":
        reachability.refused(outcome.error);
        return this.#again(attempt, outcome.error, { notBefore: 0 });
      case "retry":
        reachability.doubted();
        this.#options.breaker.failed(outcome.cause, at);
        return this.#retry(attempt, outcome);
    }
  }

  /** A connection that fails says nothing of the message; whatever else went wrong may be its own fault. */
  async #retry(attempt: Attempt, { cause, error, uncertain }: Extract<Outcome, { kind: "retry" }>): Promise<void> {
    const { message, at } = attempt;
    const { mostFailures, random } = this.#options;
    const counts = cause !== "connection";
    const failures = message.failures + 1;
    if (counts && mostFailures !== undefined && failures >= mostFailures) {
      const words = `given up after ${failures} ${failures === 1 ? "try" : "tries"}: ${error}`;
      return this.#fail(attempt, words, { givenUp: true });
    }
    return this.#again(attempt, error, { uncertain, counts, notBefore: at + backoffMs(message.attempts, random) });
  }

  /** A refused token or an outage concerns everything, so only a 429's time is kept over a restart. */
  async #again({ message, chatId, at }: Attempt, error: string, { notBefore, ...how }: Again): Promise<void> {
    await this.#recorder.record(message, { ...retry, at, error, ...how });
    this.#options.pacer.retry(chatId, notBefore);
  }

  async #pause({ message, chatId, at }: Attempt, error: string, until: number): Promise<void> {
    const { pacer, queue, logger } = this.#options;
    // Before the record: the pause holds for the other chats' next messages, which do not wait for it.
    const scope = pacer.pause(chatId, until, at);
    this.#options.onPause(until, ...(scope === "bot" ? [] : [chatId]));
    if (scope === "bot") {
      logger.warn({ until: new Date(until).toISOString() }, "Telegram limits the whole bot");
      await this.#recorder.untilStored(() => queue.pauseUntil(until));
    }
    await this.#recorder.record(message, { ...retry, at, error, notBefore: until });
    pacer.resume(chatId);
  }

  async #migrate({ message, chatId, at }: Attempt, to: number, error: string): Promise<void> {
    await this.#recorder.record(message, { ...retry, at, error });
    await this.#recorder.untilStored(() => this.#options.queue.migrateChat(message.chatId, to));
    this.#options.pacer.migrate(chatId, to);
    this.#options.onKeyboard();
  }

  /**
   * Sends it again without what Telegram refused: formatting, a topic, whose messages go to the General one, the place of a
   * message that somebody has deleted, or the look of a photo.
   */
  async #without(what: Refusable, attempt: Attempt, error: string): Promise<void> {
    if (!has(attempt.message, what)) return this.#fail(attempt, error);
    const changed = { asNew: what === "edits", asDocument: what === "photo" };
    const dropped = { plain: what === "entities", outOfTopic: what === "topic", ...changed };
    return this.#again(attempt, error, { ...dropped, notBefore: 0 });
  }

  /** Nothing more is tried. */
  async #fail({ message, chatId, at }: Attempt, error: string, how: { readonly givenUp?: true } = {}): Promise<void> {
    const { pacer, metrics } = this.#options;
    if (message.client !== BRIDGE_ITSELF) metrics.failed.inc();
    await this.#recorder.record(message, { kind: "failed", at, error, ...how });
    pacer.settled(chatId, at);
  }

  #log({ message, chatId }: Attempt, outcome: Outcome): void {
    const { eventId: event_id, client, part, topic, publicName: public_name } = message;
    const place = { chat_id: chatId, ...(topic && { topic }), ...(public_name && { public_name }) };
    const details = { event_id, client, ...place, part, attempt: message.attempts + 1 };
    if (outcome.kind === "named") this.#options.logger.info({ ...details, ...outcome }, "a chat is found by its name");
    else if (outcome.kind === "sent") this.#options.logger.debug({ ...details, ...outcome }, "message delivered");
    else if (outcome.kind !== "failed" || client === BRIDGE_ITSELF)
      this.#options.logger.warn(
        { ...details, ...outcome },
        outcome.kind === "failed" ? "a line was refused" : "message waits",
      );
    else this.#options.logger.error({ ...details, ...outcome }, "Telegram refused a message for good");
  }
}

type Attempt = { readonly message: OutgoingMessage; readonly chatId: number; readonly at: number };

/** What may have come is sent again all the same: nobody would know what became of it. */
const isExpired = ({ expiresAt, uncertain }: OutgoingMessage, now: number): boolean =>
  expiresAt !== undefined && now >= expiresAt && !uncertain;

/** What a message can do without. */
type Refusable = "entities" | "topic" | "edits" | "photo";

function has({ entities, topic, isProgress, edits, file }: OutgoingMessage, what: Refusable): boolean {
  if (what === "entities") return entities.length > 0;
  if (what === "topic") return topic !== undefined;
  return what === "photo" ? file?.kind === "photo" : isProgress && edits !== undefined;
}

type Retry = Extract<Settlement, { kind: "retry" }>;

type Again = Partial<Retry> & Pick<Retry, "notBefore">;

const retry = { kind: "retry", notBefore: 0, uncertain: false, plain: false } as const;
