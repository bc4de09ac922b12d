import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../telemetry/logger.ts";
import type { Attention } from "../attention/attention.ts";
import { backoffMs } from "../pacing/backoff.ts";
import type { Breaker } from "../pacing/breaker.ts";
import type { Pacer } from "../pacing/pacer.ts";
import {
  BRIDGE_ITSELF,
  type OutgoingMessage,
  type PendingMessage,
  type Queue,
  type SettledEvent,
  type Settlement,
} from "../queue/queue.ts";
import type { BridgeMetrics } from "../status/metrics.ts";
import type { Outcome } from "../telegram/outcome.ts";
import type { Reachability } from "../telegram/reachability.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";

export type DeliveryOptions = {
  readonly queue: Queue;
  readonly pacer: Pacer;
  readonly telegram: Pick<TelegramClient, "send">;
  readonly attention: Pick<Attention, "decide">;
  readonly reachability: Pick<Reachability, "reachable" | "doubted" | "succeeded" | "refused">;
  readonly breaker: Breaker;
  /** Failures of one message after which it is given up. Undefined: never. */
  readonly mostFailures: number | undefined;
  readonly metrics: BridgeMetrics;
  readonly logger: Logger;
  /** Told of every event whose last message was sent or refused. */
  readonly onSettled: (event: SettledEvent) => void;
  /** Told how each request ended, in the turn in which that is written down. */
  readonly onOutcome: (message: OutgoingMessage, settlement: Settlement) => void;
  /** Telegram asks to wait: with messages to a chat, or with all. */
  readonly onPause: (until: number, chatId?: number) => void;
  /** Told of every message with buttons that was sent. */
  readonly onKeyboard: () => void;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** After this time a request under way at the end is given up; its message is then sent again after the restart. */
const LAST_REQUEST_MS = 10_000;
const STORAGE_RETRY_MS = 1_000;
/** Longest delay of a JavaScript timer is 2^31-1 ms; waking up in vain once an hour costs nothing. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Takes messages out of the queue when the pacer says so, sends them and records how it went. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  add(messages: readonly PendingMessage[]): void {
    for (const message of messages) this.#options.pacer.add(message);
    this.wake();
  }

  /** Keeps what clients sent from leaving, or lets it go on. Requests under way end. */
  hold(held: boolean): void {
    this.#options.pacer.hold(held);
    this.wake();
  }

  /** Sends what may be sent now, and sets the timer for what may be later. */
  wake(): void {
    clearTimeout(this.#timer);
    const { pacer, now, reachability, breaker } = this.#options;
    if (this.#stopped || !reachability.reachable) return;
    const gate = breaker.gate(now());
    if (typeof gate === "object") return void this.#wakeAt(gate.until - now());
    const most = gate === "one" ? 1 - this.#running.size : Number.POSITIVE_INFINITY;
    const batch: Started[] = [];
    while (batch.length < most) {
      const time = now();
      const turn = pacer.next(time);
      if ("waitUntil" in turn) {
        this.#wakeAt(turn.waitUntil - time);
        break;
      }
      pacer.started(turn.chatId, time);
      batch.push(turn);
    }
    if (batch.length > 0) this.#track(this.#send(batch));
  }

  /** Gives up what expires behind a pause or a backlog, so that it takes no room there; true when there may be more. */
  async prune(): Promise<boolean> {
    const { queue, pacer, metrics, now } = this.#options;
    const at = now();
    const expired = queue.expired(at).filter(({ pending }) => pacer.remove(pending));
    await Promise.all(expired.map(({ message }) => this.#record(message, { kind: "expired", at })));
    metrics.expired.inc(expired.length);
    return expired.length > 0;
  }

  /** Starts nothing more; resolves when the requests under way are recorded. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const limit = setTimeout(() => this.#abort.abort(), LAST_REQUEST_MS);
    while (this.#running.size > 0) await Promise.all(this.#running);
    clearTimeout(limit);
  }

  #wakeAt(delay: number): void {
    if (delay === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(delay, 1), LONGEST_SLEEP_MS));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#running.delete(tracked);
      this.wake();
    });
    this.#running.add(tracked);
  }

  async #send(batch: readonly Started[]): Promise<void> {
    const { queue, pacer, now, logger } = this.#options;
    try {
      const messages = new Map((await queue.begin(batch.map(({ id }) => id))).map((message) => [message.id, message]));
      for (const { id, chatId } of batch) {
        const message = messages.get(id);
        if (message !== undefined) this.#track(this.#deliver(message, chatId));
        else this.#drop(id, chatId);
      }
    } catch (error) {
      logger.warn({ reason: (error as Error).message }, "delivery waits for the queue");
      for (const { chatId } of batch) pacer.cancelled(chatId, now() + STORAGE_RETRY_MS);
    }
  }

  #drop(id: number, chatId: number): void {
    this.#options.logger.error({ message: id }, "a message vanished from the queue");
    this.#options.pacer.dropped(chatId, this.#options.now());
  }

  /** `chatId` is the pacer's; the message's own may have migrated in between. */
  async #deliver(message: OutgoingMessage, chatId: number): Promise<void> {
    const { telegram, pacer, now, metrics, attention } = this.#options;
    const own = message.client === BRIDGE_ITSELF;
    if (isExpired(message, now())) return this.#expire(message, chatId);
    const decision = own ? "sound" : attention.decide(message.chatId, message.weight);
    if (decision === "dropped") return this.#mute(message, chatId);
    if (message.uncertain) metrics.resentUncertain.inc();
    const start = now();
    const outcome = await telegram.send({ ...message, silent: decision === "silent" }, this.#abort.signal);
    const at = now();
    pacer.ended(chatId, at);
    if (this.#abort.signal.aborted && outcome.kind !== "sent") return;
    this.#count(outcome, { durationMs: at - start, own, isAgain: message.attempts > 0 });
    await this.#conclude({ message, chatId, at }, outcome);
  }

  /** Whoever muted the bot after the message was accepted hears nothing of it either. */
  async #mute(message: OutgoingMessage, chatId: number): Promise<void> {
    const { pacer, now, metrics } = this.#options;
    const at = now();
    await this.#record(message, { kind: "muted", at });
    metrics.muted.inc();
    pacer.dropped(chatId, at);
  }

  /** Nobody would be glad of it any more. */
  async #expire(message: OutgoingMessage, chatId: number): Promise<void> {
    const { pacer, now, metrics } = this.#options;
    const at = now();
    await this.#record(message, { kind: "expired", at });
    metrics.expired.inc();
    pacer.dropped(chatId, at);
  }

  #count(outcome: Outcome, { durationMs, own, isAgain }: { durationMs: number; own: boolean; isAgain: boolean }): void {
    const { metrics, reachability, breaker } = this.#options;
    metrics.requests.inc({ outcome: outcome.kind });
    metrics.duration.observe(durationMs / 1000);
    metrics.tier.asked(outcome.kind, durationMs, isAgain);
    if (outcome.kind === "sent") {
      metrics.delivered.inc();
      metrics.sent.inc();
      reachability.succeeded();
    } else if (outcome.kind !== "named") metrics.errors.inc();
    if (outcome.kind === "failed" && !own) metrics.failed.inc();
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
        await this.#record(message, { kind: "sent", at, telegramMessageId: outcome.telegramMessageId });
        if (message.keyboard !== undefined && message.edits === undefined) this.#options.onKeyboard();
        return pacer.settled(chatId, at);
      case "failed":
        await this.#record(message, { kind: "failed", at, error: outcome.error });
        return pacer.settled(chatId, at);
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
      case "unauthorized":
        reachability.refused(outcome.error);
        return this.#again(attempt, outcome.error, { uncertain: false, notBefore: 0 });
      case "retry":
        reachability.doubted();
        this.#options.breaker.failed(outcome.cause, at);
        return this.#retry(attempt, outcome);
    }
  }

  /** A connection that fails says nothing of the message; whatever else went wrong may be its own fault. */
  async #retry(attempt: Attempt, { cause, error, uncertain }: Extract<Outcome, { kind: "retry" }>): Promise<void> {
    const { message, chatId, at } = attempt;
    const { mostFailures, random, pacer, metrics } = this.#options;
    const counts = cause !== "connection";
    const failures = message.failures + 1;
    if (counts && mostFailures !== undefined && failures >= mostFailures) {
      const words = `given up after ${failures} ${failures === 1 ? "try" : "tries"}: ${error}`;
      await this.#record(message, { kind: "failed", at, error: words, givenUp: true });
      if (message.client !== BRIDGE_ITSELF) metrics.failed.inc();
      return pacer.settled(chatId, at);
    }
    return this.#again(attempt, error, { uncertain, counts, notBefore: at + backoffMs(message.attempts, random) });
  }

  /** A refused token or an outage concerns everything, so only a 429's time is kept over a restart. */
  async #again({ message, chatId, at }: Attempt, error: string, { notBefore, ...how }: Again): Promise<void> {
    await this.#record(message, { kind: "retry", at, notBefore: 0, error, plain: false, ...how });
    this.#options.pacer.retry(chatId, notBefore);
  }

  async #pause({ message, chatId, at }: Attempt, error: string, until: number): Promise<void> {
    const { pacer, queue, logger } = this.#options;
    // Before the record: the pause holds for the other chats' next messages, which do not wait for it.
    const scope = pacer.pause(chatId, until, at);
    this.#options.onPause(until, ...(scope === "bot" ? [] : [chatId]));
    if (scope === "bot") {
      logger.warn({ until: new Date(until).toISOString() }, "Telegram limits the whole bot");
      await this.#untilStored(() => queue.pauseUntil(until));
    }
    await this.#record(message, { kind: "retry", at, notBefore: until, error, uncertain: false, plain: false });
    pacer.resume(chatId);
  }

  async #migrate({ message, chatId, at }: Attempt, to: number, error: string): Promise<void> {
    await this.#record(message, { kind: "retry", at, notBefore: 0, error, uncertain: false, plain: false });
    await this.#untilStored(() => this.#options.queue.migrateChat(message.chatId, to));
    this.#options.pacer.migrate(chatId, to);
  }

  /** Sends it again without what Telegram refused: formatting, or a topic, whose messages go to the General one. */
  async #without(what: "entities" | "topic", { message, chatId, at }: Attempt, error: string): Promise<void> {
    const { pacer, metrics } = this.#options;
    const has = what === "topic" ? message.topic !== undefined : message.entities.length > 0;
    if (has) {
      const dropped = { plain: what === "entities", outOfTopic: what === "topic" };
      await this.#record(message, { kind: "retry", at, notBefore: 0, error, uncertain: false, ...dropped });
      return pacer.retry(chatId, 0);
    }
    if (message.client !== BRIDGE_ITSELF) metrics.failed.inc();
    await this.#record(message, { kind: "failed", at, error });
    pacer.settled(chatId, at);
  }

  async #record(message: OutgoingMessage, settlement: Settlement): Promise<void> {
    this.#options.onOutcome(message, settlement);
    const event = await this.#untilStored(() => this.#options.queue.settle(message.id, settlement));
    if (event !== undefined) this.#options.onSettled(event);
  }

  /** The outcome waits in memory for a full disk to have space; the chat's next message waits with it. */
  async #untilStored<T>(write: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        this.#options.logger.error({ reason: (error as Error).message }, "an outcome cannot be recorded yet");
        if (this.#stopped) return undefined;
        await sleep(STORAGE_RETRY_MS);
      }
    }
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

/** What may have come is sent again all the same: nobody would know what became of it. */
const isExpired = ({ expiresAt, uncertain }: OutgoingMessage, now: number): boolean =>
  expiresAt !== undefined && now >= expiresAt && !uncertain;

type Started = Pick<PendingMessage, "id" | "chatId">;

type Attempt = { readonly message: OutgoingMessage; readonly chatId: number; readonly at: number };

type Again = { readonly uncertain: boolean; readonly counts?: boolean; readonly notBefore: number };
