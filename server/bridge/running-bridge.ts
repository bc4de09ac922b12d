import { randomInt, randomUUID } from "node:crypto";
import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import type { Fence } from "../../contract/control.ts";
import type { Event } from "../../contract/event.ts";
import type { EventStatus } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import { type WatchedLoop, watchLoop } from "../listening/longest-turn.ts";
import { FollowedSecrets } from "../process/followed-secrets.ts";
import type { Approvals } from "./approvals/approvals.ts";
import { Attention } from "./attention/attention.ts";
import { Backups } from "./backup/backups.ts";
import type { Bridge, BridgeOptions } from "./bridge.ts";
import { BridgeState } from "./bridge-state.ts";
import { anchoredClock } from "./clock.ts";
import type { BridgeConfig } from "./config.ts";
import { Control } from "./control/control.ts";
import { fenceOf } from "./control/fence.ts";
import { Conversation, type ConversationOptions, hears } from "./conversation.ts";
import { closing, Events } from "./events.ts";
import { DropInFiles } from "./files/drop-in-files.ts";
import { startIntake } from "./intake/intake.ts";
import { Monitoring } from "./monitoring/monitoring.ts";
import { Observer } from "./observer.ts";
import { Breaker } from "./pacing/breaker.ts";
import { Pacer } from "./pacing/pacer.ts";
import type { Pairings } from "./pairing/pairings.ts";
import { Progress } from "./progress/progress.ts";
import type { SettledEvent } from "./queue/event.ts";
import type { PendingMessage } from "./queue/message.ts";
import { openQueue } from "./queue/opened-queue.ts";
import type { Queue } from "./queue/queue.ts";
import { startUpkeep } from "./queue/upkeep.ts";
import type { Clearing, ResponseQuery } from "./receiving/responses.ts";
import { Notices } from "./relay/notices.ts";
import { RelayHub } from "./relay/relay.ts";
import { createRelayMetrics } from "./relay/relay-metrics.ts";
import { type RoutingTable, routingTable, unusedChats } from "./routing/routing-table.ts";
import { Delivery } from "./sending/delivery.ts";
import type { Channel } from "./sessions/channel.ts";
import { type BridgeMetrics, createBridgeMetrics, type SignatureFailure } from "./status/metrics.ts";
import { obstacles } from "./status/status.ts";
import type { Store } from "./storage/store.ts";
import { fileSystemOf, Volume } from "./storage/volume.ts";
import { Todos } from "./tasks/todos.ts";
import { Reachability } from "./telegram/reachability.ts";
import { TelegramClient } from "./telegram/telegram-client.ts";
import { TokenSource } from "./telegram/token-source.ts";

/** In [0, 1). */
const random = () => randomInt(2 ** 32) / 2 ** 32;

/** Milliseconds that never go backwards. */
const steady = () => performance.now();

/** The parts of a bridge and their connections. */
export class RunningBridge implements Bridge {
  readonly relay: RelayHub;
  readonly control: Control;
  readonly attention: Attention;
  readonly todos: Todos;
  readonly monitoring: Monitoring;
  readonly backups: Backups;
  readonly #options: BridgeOptions;
  readonly #now: () => number;
  readonly #queue: Queue;
  readonly #routing: RoutingTable;
  readonly #metrics: BridgeMetrics;
  readonly #observer: Observer;
  readonly #pacer: Pacer;
  readonly #breaker: Breaker;
  readonly #store: Store;
  #files: DropInFiles | undefined;
  readonly #token: TokenSource;
  readonly #reachability: Reachability;
  readonly #delivery: Delivery;
  readonly #conversation: Conversation;
  readonly #events: Events;
  readonly #progress: Progress;
  readonly #notices: Notices;
  readonly #volume: Volume;
  readonly #loop: WatchedLoop = watchLoop();
  readonly #secrets: FollowedSecrets;
  readonly #fence: Fence | undefined;
  readonly #state: BridgeState;
  #intake: Awaited<ReturnType<typeof startIntake>> | undefined;
  #stopUpkeep = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: BridgeOptions, fetchImpl: typeof fetch) {
    const { config, logger, clock } = options;
    this.#options = options;
    this.#now = anchoredClock(clock, steady);
    this.#secrets = new FollowedSecrets(config.hmac, { logger });
    this.#volume = new Volume({ now: this.#now, read: fileSystemOf(config.dataDir) });
    const observer = createRelayMetrics(options.registry, () => this.relay);
    this.relay = new RelayHub({ now: this.#now, epoch: randomUUID(), observer });
    this.#notices = new Notices({
      publish: (publication) => this.relay.publish(publication),
      facts: () => this.#state.facts(),
    });
    const { queue, store } = openQueue(config, logger, this.#now);
    this.#queue = queue;
    this.#routing = routingTable(config.telegram);
    this.#store = store;
    this.todos = new Todos({ store, now: this.#now });
    this.backups = new Backups({ store, logsDir: config.logsDir, now: this.#now, logger });
    this.#metrics = createBridgeMetrics(options.registry, () => this.#state.measured());
    if (store.damage !== undefined) this.#metrics.damaged.inc();
    this.#observer = new Observer({
      logger,
      metrics: this.#metrics,
      now: this.#now,
      monitoring: () => this.monitoring,
    });
    this.#pacer = new Pacer({ ...config.telegram, spareForUrgent: spareForUrgent(config) });
    this.#breaker = new Breaker(config.telegram.breakerThreshold ?? 5, (cause) => this.#observer.tripped(cause));
    this.#token = new TokenSource(config.telegram, (former) => {
      if (this.#isFenced) return;
      this.#reachability.check();
      this.#conversation.restart(new TelegramClient(config.telegram, () => former, fetchImpl));
    });
    const telegram = new TelegramClient(config.telegram, () => this.#token.get(), fetchImpl);
    this.#reachability = this.#reach(telegram);
    const { quietHours, timeZone = "UTC", allowedUsers: recipients } = config.telegram;
    const onLines = (lines: readonly PendingMessage[]) => this.#delivery.add(lines);
    this.#progress = new Progress({ store, queue, deliver: onLines, logger, now: this.#now });
    this.attention = new Attention({ store, queue, recipients, quietHours, timeZone, onLines, now: this.#now });
    this.#delivery = this.#deliver(telegram);
    const hold = (held: boolean) => this.#delivery.hold(held);
    const onPaused = (paused: boolean, by: string) => this.#observer.deliveryPaused(paused, by);
    this.#fence = fenceOf({ store, isFenced: config.isFenced ?? false, now: this.#now });
    const told = { hold, restart: options.onRestart, onPaused, logger, now: this.#now };
    this.control = new Control({ ...told, store, instance: randomUUID(), fence: this.#fence });
    this.#conversation = this.#converse({ store, telegram, onLines, fetch: fetchImpl });
    this.monitoring = this.#monitor(store, onLines);
    this.#events = this.#takeEvents(onLines);
    this.#state = this.#look();
  }

  #look(): BridgeState {
    return new BridgeState({
      ...{ options: this.#options, steady, now: this.#now, fence: this.#fence, isFenced: this.#isFenced },
      ...{ queue: this.#queue, pacer: this.#pacer, breaker: this.#breaker, volume: this.#volume },
      ...{ metrics: this.#metrics, control: this.control, reachability: this.#reachability },
      ...{ receiver: this.#conversation.receiver, events: this.#events },
      isClosing: () => this.#closing !== undefined,
    });
  }

  #reach(telegram: TelegramClient): Reachability {
    return new Reachability({
      check: (signal) => telegram.check(signal),
      now: this.#now,
      onPause: (ms) => this.#pacer.pauseAll(this.#now() + ms),
      onChange: (status) => {
        this.#observer.telegramChanged(status);
        if (status.reachable) this.#reachedAgain();
      },
    });
  }

  #reachedAgain(): void {
    this.#pacer.clearBackoff();
    this.#delivery.wake();
    this.#conversation.reachable();
  }

  #deliver(telegram: TelegramClient): Delivery {
    const { config, logger } = this.#options;
    return new Delivery({
      ...{ telegram, logger, queue: this.#queue, pacer: this.#pacer, breaker: this.#breaker },
      ...{ attention: this.attention, reachability: this.#reachability, metrics: this.#metrics },
      mostFailures: config.telegram.mostFailures,
      onSettled: (event) => this.#onSettled(event),
      onOutcome: (message, settlement) => this.monitoring.settled(message, settlement),
      onPause: (until, chatId) => this.#observer.paused(until, chatId),
      onKeyboard: () => void this.approvals.tidy().catch(() => {}),
      onProgress: () => this.#progress.wake(),
      ...{ now: this.#now, random },
    });
  }

  #onSettled(event: SettledEvent): void {
    this.#events.settled(event);
    this.channel.speaking.settled(event.client, event.id);
  }

  #takeEvents(deliver: (messages: readonly PendingMessage[]) => void): Events {
    const { attention, control, monitoring } = this;
    const { messageStyle: style = "concise", timeZone = "UTC" } = this.#options.config.telegram;
    return new Events({
      ...{ queue: this.#queue, routing: this.#routing, pacer: this.#pacer, metrics: this.#metrics },
      ...{ attention, control, monitoring, notices: this.#notices, inbox: this.#conversation.inbox },
      progress: this.#progress,
      channel: this.channel,
      ...{
        wording: { style, timeZone },
        deliver,
        now: this.#now,
        steady,
        facts: () => this.#state.facts(),
        shown: () => this.#state.shownChats(),
      },
      botUsername: () => this.#reachability.status.bot_username,
    });
  }

  #monitor(store: Store, onLines: (lines: readonly PendingMessage[]) => void): Monitoring {
    const { config, version, instance = "bridge" } = this.#options;
    const { messagesPerSecond } = config.telegram;
    return new Monitoring({
      ...{
        store,
        onLines,
        version,
        instance,
        messagesPerSecond,
        queue: this.#queue,
        pacer: this.#pacer,
        now: this.#now,
      },
      ...{ facts: () => this.#state.facts(), shown: () => this.#state.shownChats(), approvals: () => this.approvals },
      eventStatus: (id, client) => this.#events.find(id, client),
      followers: () => this.relay.followers,
      heldUpMs: () => this.#loop.heldUpMs(),
      volume: () => this.#volume.status(),
    });
  }

  #converse(given: Pick<ConversationOptions, "store" | "telegram" | "onLines" | "fetch">): Conversation {
    const { config, logger, audit } = this.#options;
    return new Conversation({
      ...given,
      ...{ config, logger, audit, queue: this.#queue, routing: this.#routing, now: this.#now, random },
      ...{ attention: this.attention, control: this.control, todos: this.todos },
      ...{ metrics: this.#metrics, notices: this.#notices, pacer: this.#pacer },
      token: () => this.#token.get(),
      username: () => this.#reachability.status.bot_username,
      status: () => this.status(),
      onSaid: () => this.#files?.said(),
      onAsked: (eventId, client, at) => this.#events.taken(eventId, client, at),
      warningsFor: (messages, count) => this.#events.warningsFor(messages, count),
    });
  }

  get channel(): Channel {
    return this.#conversation.channel;
  }

  get pairings(): Pairings {
    return this.#conversation.pairings;
  }

  get approvals(): Approvals {
    return this.#conversation.approvals;
  }

  get url(): string {
    return this.#intake?.url ?? "";
  }

  async start(): Promise<void> {
    const { config, logger } = this.#options;
    const recovered = await this.#queue.recover();
    this.#pacer.restore(recovered, this.#now());
    this.#progress.wake();
    const { uncertain, pending } = recovered;
    logger.info({ pending: pending.length, uncertain }, "queue opened");
    const unused = unusedChats(config.telegram);
    if (unused.length > 0) logger.warn({ chats: unused }, "no route names these chats: they get nothing");
    this.#stopUpkeep = startUpkeep({
      queue: this.#queue,
      others: [this.#conversation.inbox, this.channel, this.approvals, this.monitoring.journal, this.#delivery],
      now: this.#now,
      logger,
    });
    await this.#conversation.start();
    // Whoever has not been asked counts as not reachable: so nothing is sent.
    if (this.#isFenced) logger.warn("the bridge is fenced: it asks Telegram nothing; messages are kept");
    else this.#reachability.check();
    this.#notices.start();
    this.monitoring.start();
    if (!(config.isHidden ?? false)) await this.#listen();
    // Only one that has its port: of two bridges by mistake this one must not take the updates and files of the other.
    this.#files = this.#dropInFiles();
    await this.#files.start();
    if (!this.#isFenced) this.#conversation.receiver.start();
  }

  #dropInFiles(): DropInFiles {
    const { config, logger } = this.#options;
    const accept = async (event: Event) => {
      await this.accept(event);
      this.#metrics.files.inc();
    };
    return new DropInFiles({ config, logger, accept, steady, store: this.#store, inbox: this.#conversation.inbox });
  }

  async #listen(): Promise<void> {
    const { config, logger, audit, clock } = this.#options;
    const { host, port } = config;
    const secrets = this.#secrets;
    const onSignatureFailure = (reason: SignatureFailure) => this.#observer.signatureFailed(reason);
    const webhook = this.#isFenced ? undefined : this.#conversation.receiver.webhook();
    const gate = { secrets, clock, logger, audit, onSignatureFailure };
    this.#intake = await startIntake({ host, port, ...gate, bridge: this, webhook });
  }

  accept(event: Event): Promise<Accepted> {
    return this.#events.accept(event);
  }

  eventStatus(eventId: string, client: string | undefined): EventStatus {
    return this.#events.find(eventId, client).status;
  }

  status(): BridgeStatus {
    return this.#state.status();
  }

  responses(query: ResponseQuery): readonly Response[] {
    const { client = "", session: name } = query;
    if (name !== undefined) this.channel.table.require({ client, name });
    return this.#conversation.inbox.responses(query);
  }

  countResponses(query: ResponseQuery): number {
    return this.#conversation.inbox.countResponses(query);
  }

  async clearResponses(clearing: Clearing): Promise<number> {
    if (this.#closing !== undefined) throw closing();
    return this.#conversation.inbox.clearResponses(clearing);
  }

  obstacles(): readonly string[] {
    return obstacles(this.#state.facts());
  }

  live(): boolean {
    return !this.#queue.stats().broken;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#events.close();
    this.#token.stop();
    this.#secrets.close();
    this.#stopUpkeep();
    this.#notices.stop();
    this.relay.close();
    this.backups.stop();
    await Promise.all([this.#intake?.close(), this.#files?.stop(), this.#conversation.stop()]);
    await this.#progress.stop();
    await this.#delivery.stop();
    this.#reachability.stop();
    this.#loop.stop();
    await this.monitoring.stop();
    await this.#queue.close();
  }

  get #isFenced(): boolean {
    return this.#options.config.isFenced ?? false;
  }
}

/** Of the messages of a second, those kept free for answers to people, where there are any and the second has room. */
const spareForUrgent = (config: BridgeConfig): number =>
  hears(config) && config.telegram.messagesPerSecond >= 10 ? 1 : 0;
