import { randomInt, randomUUID } from "node:crypto";
import type { Fence } from "../../contract/control.ts";
import { type WatchedLoop, watchLoop } from "../listening/longest-turn.ts";
import { FollowedSecrets } from "../process/followed-secrets.ts";
import { Attention } from "./attention/attention.ts";
import { Backups } from "./backup/backups.ts";
import type { BridgeOptions } from "./bridge.ts";
import { BridgeState } from "./bridge-state.ts";
import { anchoredClock } from "./clock.ts";
import type { BridgeConfig } from "./config.ts";
import { Control } from "./control/control.ts";
import { fenceOf } from "./control/fence.ts";
import { Conversation, type ConversationOptions, hears } from "./conversation.ts";
import { Events } from "./events.ts";
import { Monitoring } from "./monitoring/monitoring.ts";
import { Observer } from "./observer.ts";
import { Breaker } from "./pacing/breaker.ts";
import { Pacer } from "./pacing/pacer.ts";
import { Progress } from "./progress/progress.ts";
import type { SettledEvent } from "./queue/event.ts";
import type { PendingMessage } from "./queue/message.ts";
import { openQueue } from "./queue/opened-queue.ts";
import type { Queue } from "./queue/queue.ts";
import { Notices } from "./relay/notices.ts";
import { RelayHub } from "./relay/relay.ts";
import { createRelayMetrics } from "./relay/relay-metrics.ts";
import { type RoutingTable, routingTable } from "./routing/routing-table.ts";
import { Delivery } from "./sending/delivery.ts";
import { type BridgeMetrics, createBridgeMetrics } from "./status/metrics.ts";
import type { Store } from "./storage/store.ts";
import { fileSystemOf, Volume } from "./storage/volume.ts";
import { Todos } from "./tasks/todos.ts";
import { Reachability } from "./telegram/reachability.ts";
import { TelegramClient } from "./telegram/telegram-client.ts";
import { TokenSource } from "./telegram/token-source.ts";

export type AssemblyOptions = BridgeOptions & {
  readonly fetch: typeof fetch;
  /** Somebody has said something, and it is on disk. */
  readonly onSaid: () => void;
};

/** In [0, 1). */
const random = () => randomInt(2 ** 32) / 2 ** 32;

/** The parts of a bridge and their connections. */
export class Assembly {
  readonly relay: RelayHub;
  readonly control: Control;
  readonly attention: Attention;
  readonly todos: Todos;
  readonly monitoring: Monitoring;
  readonly backups: Backups;
  readonly conversation: Conversation;
  readonly store: Store;
  readonly queue: Queue;
  readonly pacer: Pacer;
  readonly delivery: Delivery;
  readonly events: Events;
  readonly progress: Progress;
  readonly notices: Notices;
  readonly token: TokenSource;
  readonly reachability: Reachability;
  readonly metrics: BridgeMetrics;
  readonly observer: Observer;
  readonly state: BridgeState;
  readonly secrets: FollowedSecrets;
  readonly loop: WatchedLoop = watchLoop();
  /** It asks Telegram nothing. */
  readonly isFenced: boolean;
  /** Milliseconds that never go backwards. */
  readonly steady = () => performance.now();
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly #options: AssemblyOptions;
  readonly #routing: RoutingTable;
  readonly #breaker: Breaker;
  readonly #volume: Volume;
  readonly #fence: Fence | undefined;

  constructor(options: AssemblyOptions) {
    const { config, logger, clock, fetch } = options;
    this.#options = options;
    this.isFenced = config.isFenced ?? false;
    this.now = anchoredClock(clock, this.steady);
    this.secrets = new FollowedSecrets(config.hmac, { logger });
    this.#volume = new Volume({ now: this.now, read: fileSystemOf(config.dataDir) });
    const observer = createRelayMetrics(options.registry, () => this.relay);
    this.relay = new RelayHub({ now: this.now, epoch: randomUUID(), observer });
    this.notices = new Notices({
      publish: (publication) => this.relay.publish(publication),
      facts: () => this.state.facts(),
    });
    const { queue, store } = openQueue(config, logger, this.now);
    this.queue = queue;
    this.#routing = routingTable(config.telegram);
    this.store = store;
    this.todos = new Todos({ store, now: this.now });
    this.backups = new Backups({ store, logsDir: config.logsDir, now: this.now, logger });
    this.metrics = createBridgeMetrics(options.registry, () => this.state.measured());
    if (store.damage !== undefined) this.metrics.damaged.inc();
    const monitoring = () => this.monitoring;
    this.observer = new Observer({ logger, metrics: this.metrics, now: this.now, monitoring });
    this.pacer = new Pacer({ ...config.telegram, spareForUrgent: spareForUrgent(config) });
    this.#breaker = new Breaker(config.telegram.breakerThreshold ?? 5, (cause) => this.observer.tripped(cause));
    this.token = new TokenSource(config.telegram, (former) => {
      if (this.isFenced) return;
      this.reachability.check();
      this.conversation.restart(new TelegramClient(config.telegram, () => former, fetch));
    });
    const telegram = new TelegramClient(config.telegram, () => this.token.get(), fetch);
    this.reachability = this.#reach(telegram);
    const { quietHours, timeZone = "UTC", allowedUsers: recipients } = config.telegram;
    const onLines = (lines: readonly PendingMessage[]) => this.delivery.add(lines);
    this.progress = new Progress({ store, queue, deliver: onLines, logger, now: this.now });
    this.attention = new Attention({ store, queue, recipients, quietHours, timeZone, onLines, now: this.now });
    this.delivery = this.#deliver(telegram);
    const hold = (held: boolean) => this.delivery.hold(held);
    const onPaused = (paused: boolean, by: string) => this.observer.deliveryPaused(paused, by);
    this.#fence = fenceOf({ store, isFenced: this.isFenced, now: this.now });
    const told = { hold, restart: options.onRestart, onPaused, logger, now: this.now };
    this.control = new Control({ ...told, store, instance: randomUUID(), fence: this.#fence });
    this.conversation = this.#converse({ store, telegram, onLines, fetch });
    this.monitoring = this.#monitor(store, onLines);
    this.events = this.#takeEvents(onLines);
    this.state = this.#look();
  }

  #look(): BridgeState {
    const { steady, now, isFenced, queue, pacer, metrics, control, reachability, events } = this;
    return new BridgeState({
      ...{ steady, now, isFenced, queue, pacer, metrics, control, reachability, events },
      ...{ options: this.#options, fence: this.#fence, breaker: this.#breaker, volume: this.#volume },
      receiver: this.conversation.receiver,
    });
  }

  #reach(telegram: TelegramClient): Reachability {
    return new Reachability({
      check: (signal) => telegram.check(signal),
      now: this.now,
      onPause: (ms) => this.pacer.pauseAll(this.now() + ms),
      onChange: (status) => {
        this.observer.telegramChanged(status);
        if (status.reachable) this.#reachedAgain();
      },
    });
  }

  #reachedAgain(): void {
    this.pacer.clearBackoff();
    this.delivery.wake();
    this.conversation.reachable();
  }

  #deliver(telegram: TelegramClient): Delivery {
    const { config, logger } = this.#options;
    const { queue, pacer, attention, reachability, metrics, now } = this;
    return new Delivery({
      ...{ telegram, logger, queue, pacer, attention, reachability, metrics, now, random, breaker: this.#breaker },
      mostFailures: config.telegram.mostFailures,
      onSettled: (event) => this.#onSettled(event),
      onOutcome: (message, settlement) => this.monitoring.settled(message, settlement),
      onPause: (until, chatId) => this.observer.paused(until, chatId),
      onKeyboard: () => void this.conversation.approvals.tidy().catch(() => {}),
      onProgress: () => this.progress.wake(),
    });
  }

  #onSettled(event: SettledEvent): void {
    this.events.settled(event);
    this.conversation.channel.speaking.settled(event.client, event.id);
  }

  #takeEvents(deliver: (messages: readonly PendingMessage[]) => void): Events {
    const { queue, pacer, metrics, attention, control, monitoring, notices, progress, now, steady } = this;
    const { inbox, channel } = this.conversation;
    const { messageStyle: style = "concise", timeZone = "UTC" } = this.#options.config.telegram;
    return new Events({
      ...{ queue, pacer, metrics, attention, control, monitoring, notices, progress, now, steady },
      ...{ inbox, channel, deliver, routing: this.#routing, wording: { style, timeZone } },
      facts: () => this.state.facts(),
      shown: () => this.state.shownChats(),
      botUsername: () => this.reachability.status.bot_username,
    });
  }

  #monitor(store: Store, onLines: (lines: readonly PendingMessage[]) => void): Monitoring {
    const { config, version, instance = "bridge" } = this.#options;
    const { messagesPerSecond } = config.telegram;
    const { queue, pacer, now } = this;
    return new Monitoring({
      ...{ store, onLines, version, instance, messagesPerSecond, queue, pacer, now },
      facts: () => this.state.facts(),
      shown: () => this.state.shownChats(),
      approvals: () => this.conversation.approvals,
      eventStatus: (id, client) => this.events.find(id, client),
      followers: () => this.relay.followers,
      heldUpMs: () => this.loop.heldUpMs(),
      volume: () => this.#volume.status(),
    });
  }

  #converse(given: Pick<ConversationOptions, "store" | "telegram" | "onLines" | "fetch">): Conversation {
    const { config, logger, audit, onSaid } = this.#options;
    const { queue, pacer, attention, control, todos, metrics, notices, now } = this;
    return new Conversation({
      ...given,
      ...{ config, logger, audit, onSaid, routing: this.#routing, random },
      ...{ queue, pacer, attention, control, todos, metrics, notices, now },
      token: () => this.token.get(),
      username: () => this.reachability.status.bot_username,
      status: () => this.state.status(),
      onAsked: (eventId, client, at) => this.events.taken(eventId, client, at),
      warningsFor: (messages, count) => this.events.warningsFor(messages, count),
    });
  }
}

/** Of the messages of a second, those kept free for answers to people, where there are any and the second has room. */
const spareForUrgent = (config: BridgeConfig): number =>
  hears(config) && config.telegram.messagesPerSecond >= 10 ? 1 : 0;
