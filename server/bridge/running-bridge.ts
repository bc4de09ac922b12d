import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus, TelegramStatus } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import { type EventStatus, eventStateOf } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import { type ApprovalChange, Approvals } from "./approvals/approvals.ts";
import type { Bridge, BridgeOptions } from "./bridge.ts";
import { anchoredClock } from "./clock.ts";
import { messagesOf } from "./formatting/messages.ts";
import { startIntake } from "./intake/intake.ts";
import { Pacer } from "./pacing/pacer.ts";
import { openQueue } from "./queue/opened-queue.ts";
import type { PendingMessage, Queue } from "./queue/queue.ts";
import { startUpkeep } from "./queue/upkeep.ts";
import { type Clearing, Inbox, type ResponseQuery, type Taken } from "./receiving/inbox.ts";
import { Receiver } from "./receiving/receiver.ts";
import { RefusedError } from "./refused-error.ts";
import { Notices } from "./relay/notices.ts";
import { RelayHub } from "./relay/relay.ts";
import { createRelayMetrics } from "./relay/relay-metrics.ts";
import { Delivery } from "./sending/delivery.ts";
import { eventStatusOf } from "./status/event-status.ts";
import { type BridgeMetrics, createBridgeMetrics, type SignatureFailure } from "./status/metrics.ts";
import { warningOf } from "./status/refusals.ts";
import { type Facts, obstacles, statusOf } from "./status/status.ts";
import { usageReader } from "./status/usage.ts";
import type { Store } from "./storage/store.ts";
import { Reachability } from "./telegram/reachability.ts";
import { TelegramClient } from "./telegram/telegram-client.ts";
import { TokenSource } from "./telegram/token-source.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

/** In [0, 1). */
const random = () => randomInt(2 ** 32) / 2 ** 32;

/** Milliseconds that never go backwards. */
const steady = () => performance.now();

const closing = () => new RefusedError("shutting_down", "The bridge is shutting down.", 2);

/** The parts of a bridge and their connections. */
export class RunningBridge implements Bridge {
  readonly relay: RelayHub;
  readonly approvals: Approvals;
  readonly #options: BridgeOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #queue: Queue;
  readonly #metrics: BridgeMetrics;
  readonly #pacer: Pacer;
  readonly #token: TokenSource;
  readonly #reachability: Reachability;
  readonly #delivery: Delivery;
  readonly #inbox: Inbox;
  readonly #receiver: Receiver;
  readonly #notices: Notices;
  readonly #webhooks: Webhooks | undefined;
  readonly #usage: ReturnType<typeof usageReader>;
  #intake: Awaited<ReturnType<typeof startIntake>> | undefined;
  #stopUpkeep = () => {};
  #lastEventTime: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: BridgeOptions, fetchImpl: typeof fetch) {
    const { config, logger, clock } = options;
    this.#options = options;
    this.#now = anchoredClock(clock, steady);
    this.#startedAt = steady();
    this.#usage = usageReader(steady);
    const observer = createRelayMetrics(options.registry, () => this.relay);
    this.relay = new RelayHub({ now: this.#now, epoch: randomUUID(), observer });
    this.#notices = new Notices({
      publish: (publication) => this.relay.publish(publication),
      facts: () => this.#facts(),
    });
    const { queue, store } = openQueue(config, logger, this.#now);
    this.#queue = queue;
    this.#metrics = createBridgeMetrics(options.registry, () => {
      const now = this.#now();
      return { stats: queue.stats(), now, silenceSeconds: this.#receiver.silenceSeconds(now) };
    });
    if (store.damage !== undefined) this.#metrics.damaged.inc();
    this.#pacer = new Pacer(config.telegram);
    this.#token = new TokenSource(config.telegram, (former) => {
      this.#reachability.check();
      this.#receiver.restart(new TelegramClient(config.telegram, () => former, fetchImpl));
    });
    const telegram = new TelegramClient(config.telegram, () => this.#token.get(), fetchImpl);
    this.#reachability = new Reachability({
      check: (signal) => telegram.check(signal),
      now: this.#now,
      onPause: (ms) => this.#pacer.pauseAll(this.#now() + ms),
      onChange: (status) => this.#onTelegramChange(status),
    });
    this.#delivery = new Delivery({
      queue,
      telegram,
      logger,
      pacer: this.#pacer,
      reachability: this.#reachability,
      metrics: this.#metrics,
      onSettled: ({ id, client, ...counts }) =>
        this.#notices.event({ event_id: id, client, state: eventStateOf({ ...counts, waiting: 0 }) }),
      onKeyboard: () => void this.approvals.tidy().catch(() => {}),
      now: this.#now,
      random,
    });
    this.#webhooks =
      config.webhook && new Webhooks(config.webhook, { ...options, fetch: fetchImpl, store, now: this.#now, random });
    this.approvals = this.#makeApprovals(store);
    const decide = this.approvals.click.bind(this.approvals);
    this.#inbox = new Inbox({ store, queue, people: config.telegram.allowedUsers, decide, now: this.#now });
    this.#receiver = new Receiver({
      config: config.telegram.updates ?? { mode: "None" },
      inbox: this.#inbox,
      telegram,
      token: () => this.#token.get(),
      username: () => this.#reachability.status.bot_username,
      metrics: this.#metrics,
      logger,
      onLines: (lines) => this.#delivery.add(lines),
      onResponse: (taken) => this.#onResponse(taken),
      onDecision: (record) => this.#onApproval(record),
      now: this.#now,
      random,
    });
  }

  #makeApprovals(store: Store): Approvals {
    const { updates, allowedUsers } = this.#options.config.telegram;
    return new Approvals({
      store,
      queue: this.#queue,
      recipients: allowedUsers,
      now: this.#now,
      newSecret: () => randomBytes(32),
      onEnding: (approval, at) => this.#webhooks?.add(approval, at),
      onChange: (change) => this.#onApproval(change),
      onLines: (lines) => this.#delivery.add(lines),
      isHeard: () => (updates?.mode ?? "None") !== "None",
      warningFor: (messages) => this.#warningFor(messages),
    });
  }

  get url(): string {
    return this.#intake?.url ?? "";
  }

  async start(): Promise<void> {
    const { config, logger } = this.#options;
    const recovered = await this.#queue.recover();
    this.#pacer.restore(recovered, this.#now());
    const { uncertain, pending } = recovered;
    logger.info({ pending: pending.length, uncertain }, "queue opened");
    this.#stopUpkeep = startUpkeep({
      queue: this.#queue,
      others: [this.#inbox, this.approvals],
      now: this.#now,
      logger,
    });
    await this.approvals.start();
    this.#webhooks?.wake();
    this.#reachability.check();
    this.#notices.start();
    if (!(config.isHidden ?? false)) await this.#listen();
    // Only one that has its port: of two bridges by mistake this one must not take the updates of the other.
    this.#receiver.start();
  }

  async #listen(): Promise<void> {
    const { config, logger, clock } = this.#options;
    const { host, port, hmacSecret, hmacSecretPrevious = "" } = config;
    const secrets = [hmacSecret, hmacSecretPrevious].filter((secret) => secret !== "");
    const onSignatureFailure = (reason: SignatureFailure) => this.#metrics.signatureFailures.inc({ reason });
    const webhook = this.#receiver.webhook();
    this.#intake = await startIntake({ host, port, secrets, clock, logger, onSignatureFailure, bridge: this, webhook });
  }

  async accept(event: Event): Promise<Accepted> {
    if (this.#closing !== undefined) throw closing();
    const { event_id, client } = event;
    const acceptedAt = this.#now();
    const { duplicate, count, messages } = await this.#queue.accept({
      id: event_id,
      client,
      acceptedAt,
      messages: messagesOf(event, this.#options.config.telegram.allowedUsers),
    });
    if (!duplicate) {
      this.#onAccepted(event_id, client, acceptedAt, count === 0 ? "sent" : "waiting");
      this.#delivery.add(messages);
    }
    const warning = this.#warningFor(messages);
    return { event_id, messages: count, duplicate, ...(warning && { warnings: [warning] }) };
  }

  #warningFor(messages: readonly PendingMessage[]): string | undefined {
    const refused = this.#queue.refusedChats();
    if (refused.length === 0) return undefined;
    const chats = messages.map(({ chatId }) => chatId);
    return warningOf(chats, refused, this.#reachability.status.bot_username);
  }

  status(): BridgeStatus {
    const { events, sent, errors } = this.#metrics;
    return statusOf({
      facts: this.#facts(),
      version: this.#options.version,
      uptimeSeconds: Math.round((steady() - this.#startedAt) / 1000),
      counts: { events_processed: events.value, telegram_messages_sent: sent.value, error_count: errors.value },
      usage: this.#usage(),
      lastEventTime: this.#lastEventTime,
    });
  }

  responses(query: ResponseQuery): readonly Response[] {
    return this.#inbox.responses(query);
  }

  countResponses(query: ResponseQuery): number {
    return this.#inbox.countResponses(query);
  }

  async clearResponses(clearing: Clearing): Promise<number> {
    if (this.#closing !== undefined) throw closing();
    return this.#inbox.clearResponses(clearing);
  }

  eventStatus(eventId: string, client: string | undefined): EventStatus {
    const record = this.#queue.event(eventId);
    if (record === undefined || (client ?? record.client) !== record.client) throw new ServerError("EVENT_NOT_FOUND");
    return eventStatusOf(record, {
      facts: this.#facts(),
      pacer: this.#pacer,
      replies: this.#inbox.responsesTo(eventId),
    });
  }

  obstacles(): readonly string[] {
    return obstacles(this.#facts());
  }

  live(): boolean {
    return !this.#queue.stats().broken;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#token.stop();
    this.#stopUpkeep();
    this.approvals.stop();
    this.#notices.stop();
    this.relay.close();
    await Promise.all([this.#intake?.close(), this.#receiver.stop(), this.#webhooks?.stop()]);
    await this.#delivery.stop();
    this.#reachability.stop();
    await this.#queue.close();
  }

  #onResponse({ event }: Taken): void {
    this.#notices.response(event);
    const record = event && this.#queue.event(event.id);
    if (record !== undefined) {
      this.#notices.event({ event_id: record.id, client: record.client, state: eventStateOf(record) });
    }
  }

  /** The log is the audit trail, too: who was asked, who decided what, and who tried to. */
  #onApproval({ approval, what, by }: ApprovalChange): void {
    const { id: approval_id, client, state } = approval;
    const who = by && { user_id: by.userId, chat_id: by.chatId, message_id: by.messageId, option: by.option };
    this.#options.logger.info({ audit: `approval_${what}`, approval_id, client, state, ...who }, "approval");
    if (what === "asked") this.#onAccepted(approval_id, client, approval.createdAt);
    this.#webhooks?.wake();
    if (!what.startsWith("refused")) this.#notices.approval({ approval_id, client, state });
  }

  #onAccepted(event_id: string, client: string, at: number, state: "waiting" | "sent" = "waiting"): void {
    this.#metrics.events.inc();
    this.#lastEventTime = new Date(at).toISOString();
    this.#notices.event({ event_id, client, state });
  }

  #onTelegramChange({ reachable, error, bot_username }: TelegramStatus): void {
    const { logger } = this.#options;
    if (!reachable) {
      logger.error({ reason: error }, "Telegram is not reachable; messages are kept");
      return;
    }
    logger.info({ bot_username }, "Telegram is reachable");
    this.#pacer.clearBackoff();
    this.#delivery.wake();
    this.#receiver.reachable();
  }

  #facts(): Facts {
    const now = this.#now();
    return {
      queue: this.#queue.stats(),
      queueLimit: this.#options.config.queueSizeLimit,
      telegram: this.#reachability.status,
      nextCheckAt: this.#reachability.nextCheckAt,
      pause: this.#pacer.longestPause(now),
      closing: this.#closing !== undefined,
      receiving: this.#receiver.status(now),
      silence: this.#receiver.obstacle(now),
      now,
    };
  }
}
