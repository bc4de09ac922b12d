import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus, TelegramStatus } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import { type EventStatus, eventStateOf } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import { type ApprovalChange, Approvals } from "./approvals/approvals.ts";
import { Attention } from "./attention/attention.ts";
import { heardOf, mutedWarning } from "./attention/recipients.ts";
import type { Bridge, BridgeOptions } from "./bridge.ts";
import { anchoredClock } from "./clock.ts";
import { contextOf } from "./commands/bridge-context.ts";
import { Commands } from "./commands/commands.ts";
import { CommandMenu } from "./commands/menu.ts";
import { Control } from "./control/control.ts";
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
import { destinationsOf, placesOf, type RoutingTable, routingTable, unusedChats } from "./routing/routing-table.ts";
import { type ShownChats, shownChats } from "./routing/shown-chats.ts";
import { Delivery } from "./sending/delivery.ts";
import { eventStatusOf } from "./status/event-status.ts";
import { type BridgeMetrics, createBridgeMetrics, type SignatureFailure } from "./status/metrics.ts";
import { warningOf } from "./status/refusals.ts";
import { type Facts, obstacles, pausedText, statusOf } from "./status/status.ts";
import { usageReader } from "./status/usage.ts";
import type { Store } from "./storage/store.ts";
import { Todos } from "./tasks/todos.ts";
import { Reachability } from "./telegram/reachability.ts";
import { TelegramClient } from "./telegram/telegram-client.ts";
import { TokenSource } from "./telegram/token-source.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

/** In [0, 1). */
const random = () => randomInt(2 ** 32) / 2 ** 32;

/** Milliseconds that never go backwards. */
const steady = () => performance.now();

const isText = (value: unknown): value is string => typeof value === "string";

const closing = () => new RefusedError("shutting_down", "The bridge is shutting down.", 2);

/** The parts of a bridge and their connections. */
export class RunningBridge implements Bridge {
  readonly relay: RelayHub;
  readonly approvals: Approvals;
  readonly control: Control;
  readonly attention: Attention;
  readonly todos: Todos;
  readonly #options: BridgeOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #queue: Queue;
  readonly #routing: RoutingTable;
  readonly #metrics: BridgeMetrics;
  readonly #pacer: Pacer;
  readonly #token: TokenSource;
  readonly #reachability: Reachability;
  readonly #delivery: Delivery;
  readonly #inbox: Inbox;
  readonly #receiver: Receiver;
  readonly #notices: Notices;
  readonly #webhooks: Webhooks | undefined;
  readonly #menu: CommandMenu;
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
    this.#routing = routingTable(config.telegram);
    this.todos = new Todos({ store, now: this.#now });
    this.#metrics = createBridgeMetrics(options.registry, () => {
      const now = this.#now();
      const silenceSeconds = this.#receiver.silenceSeconds(now);
      return { stats: queue.stats(), now, silenceSeconds, paused: this.control.paused !== undefined };
    });
    if (store.damage !== undefined) this.#metrics.damaged.inc();
    this.#pacer = new Pacer({
      ...config.telegram,
      spareForUrgent: this.#hears && config.telegram.messagesPerSecond >= 10 ? 1 : 0,
    });
    this.#token = new TokenSource(config.telegram, () => {
      this.#reachability.check();
      this.#receiver.restart();
      if (this.#hears) this.#menu.restart();
    });
    const telegram = new TelegramClient(config.telegram, () => this.#token.get(), fetchImpl);
    this.#reachability = new Reachability({
      check: (signal) => telegram.check(signal),
      now: this.#now,
      onPause: (ms) => this.#pacer.pauseAll(this.#now() + ms),
      onChange: (status) => this.#onTelegramChange(status),
    });
    const { quietHours, timeZone = "UTC", allowedUsers: recipients } = config.telegram;
    const onLines = (lines: readonly PendingMessage[]) => this.#delivery.add(lines);
    this.attention = new Attention({ store, queue, recipients, quietHours, timeZone, onLines, now: this.#now });
    this.#delivery = new Delivery({
      queue,
      attention: this.attention,
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
    const hold = (held: boolean) => this.#delivery.hold(held);
    const { onRestart: restart } = options;
    this.control = new Control({ store, instance: randomUUID(), hold, restart, logger, now: this.#now });
    this.#webhooks =
      config.webhook && new Webhooks(config.webhook, { ...options, fetch: fetchImpl, store, now: this.#now, random });
    this.approvals = this.#makeApprovals(store);
    const decide = this.approvals.click.bind(this.approvals);
    const { allowedUsers: people, admins = [] } = config.telegram;
    this.#menu = new CommandMenu({ telegram, logger, random });
    const context = contextOf({ status: () => this.status(), queue, todos: this.todos, now: this.#now });
    const commands = new Commands({ context, admins, recipients: people });
    this.#inbox = new Inbox({ store, queue, commands, people, decide, now: this.#now });
    this.#receiver = new Receiver({
      config: config.telegram.updates ?? { mode: "None" },
      inbox: this.#inbox,
      telegram,
      token: () => this.#token.get(),
      username: () => this.#reachability.status.bot_username,
      metrics: this.#metrics,
      logger,
      onLines,
      onResponse: (taken) => this.#onResponse(taken),
      onDecision: (record) => this.#onApproval(record),
      now: this.#now,
      random,
    });
  }

  #makeApprovals(store: Store): Approvals {
    const { telegram } = this.#options.config;
    const { updates, allowedUsers } = telegram;
    return new Approvals({
      store,
      queue: this.#queue,
      people: allowedUsers,
      places: placesOf(telegram),
      routing: this.#routing,
      now: this.#now,
      newSecret: () => randomBytes(32),
      onEnding: (approval, at) => this.#webhooks?.add(approval, at),
      onChange: (change) => this.#onApproval(change),
      onLines: (lines) => this.#delivery.add(lines),
      isHeard: () => (updates?.mode ?? "None") !== "None",
      warningsFor: (messages, count) => this.#warningsFor(messages, count),
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
    const unused = unusedChats(config.telegram);
    if (unused.length > 0) logger.warn({ chats: unused }, "no route names these chats: they get nothing");
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
    const heard = heardOf(messagesOf(event, destinationsOf(event, this.#routing)), this.attention);
    const { duplicate, count, muted, messages } = await this.#queue.accept({
      id: event_id,
      client,
      acceptedAt,
      ...heard,
    });
    if (!duplicate) {
      this.#metrics.muted.inc(muted);
      this.#onAccepted(event_id, client, acceptedAt, count === 0 ? "sent" : "waiting");
      this.#delivery.add(messages);
    }
    const warnings = [mutedWarning(muted, muted + count), ...this.#warningsFor(messages, count)].filter(isText);
    return { event_id, messages: count, duplicate, ...(warnings.length > 0 && { warnings }) };
  }

  /** What a client should know about messages that wait. */
  #warningsFor(messages: readonly PendingMessage[], count: number): readonly string[] {
    const { paused } = this.control;
    const kept = paused && count > 0 ? `The message is kept: ${pausedText(paused)}.` : undefined;
    return [kept, this.#refusalsFor(messages)].filter(isText);
  }

  #refusalsFor(messages: readonly PendingMessage[]): string | undefined {
    const refused = this.#queue.refusedChats();
    if (refused.length === 0) return undefined;
    const isRefused = (chatId: number) => refused.some((chat) => chat.chatId === chatId);
    // A chat that is looked up again by its name was refused under the id that it had.
    const chats = messages.map(({ chatId }) => (isRefused(chatId) ? chatId : this.#queue.currentChat(chatId)));
    return warningOf(chats, refused, this.#reachability.status.bot_username, this.#shownChats());
  }

  #shownChats(): ShownChats {
    return shownChats(this.#options.config.telegram.chats ?? [], (chatId) => this.#queue.currentChat(chatId));
  }

  status(): BridgeStatus {
    const { events, sent, errors } = this.#metrics;
    return statusOf({
      facts: this.#facts(),
      shown: this.#shownChats(),
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
    this.#menu.stop();
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
    this.#metrics.approvals.inc({ what });
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
    if (this.#hears) this.#menu.refresh();
  }

  /** Without that, another program may hear what people say to the bot, and have commands of its own. */
  get #hears(): boolean {
    return (this.#options.config.telegram.updates?.mode ?? "None") !== "None";
  }

  #facts(): Facts {
    const now = this.#now();
    return {
      queue: this.#queue.stats(),
      queueLimit: this.#options.config.queueSizeLimit,
      telegram: this.#reachability.status,
      nextCheckAt: this.#reachability.nextCheckAt,
      pause: this.#pacer.longestPause(now),
      paused: this.control.paused,
      closing: this.#closing !== undefined,
      receiving: this.#receiver.status(now),
      silence: this.#receiver.obstacle(now),
      now,
    };
  }
}
