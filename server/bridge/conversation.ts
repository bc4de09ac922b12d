import { randomBytes, randomInt } from "node:crypto";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import { eventStateOf } from "../../contract/event-status.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type ApprovalChange, Approvals } from "./approvals/approvals.ts";
import type { EndedApproval } from "./approvals/kept-approval.ts";
import type { Attention } from "./attention/attention.ts";
import { contextOf } from "./commands/bridge-context.ts";
import { Commands } from "./commands/commands.ts";
import { CommandMenu } from "./commands/menu.ts";
import type { BridgeConfig } from "./config.ts";
import type { Control } from "./control/control.ts";
import type { Pacer } from "./pacing/pacer.ts";
import { pairingCode } from "./pairing/pairing-code.ts";
import { Pairings } from "./pairing/pairings.ts";
import { People } from "./pairing/people.ts";
import type { PendingMessage } from "./queue/message.ts";
import type { Queue } from "./queue/queue.ts";
import type { Taken } from "./receiving/effects.ts";
import { Inbox } from "./receiving/inbox.ts";
import { Receiver } from "./receiving/receiver.ts";
import type { Notices } from "./relay/notices.ts";
import { placesOf, type RoutingTable } from "./routing/routing-table.ts";
import { Channel } from "./sessions/channel.ts";
import type { BridgeMetrics } from "./status/metrics.ts";
import type { Store } from "./storage/store.ts";
import type { Todos } from "./tasks/todos.ts";
import type { TelegramClient } from "./telegram/telegram-client.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export type ConversationOptions = {
  readonly config: BridgeConfig;
  readonly logger: Logger;
  readonly audit: Pick<Audit, "record">;
  readonly store: Store;
  readonly queue: Queue;
  readonly routing: RoutingTable;
  readonly telegram: TelegramClient;
  readonly pacer: Pick<Pacer, "isPaused" | "moved">;
  /** Throws what is wrong with the token. */
  readonly token: () => string;
  /** The bot's user name, once Telegram has told it. */
  readonly username: () => string | undefined;
  readonly attention: Attention;
  readonly control: Control;
  readonly todos: Todos;
  readonly metrics: BridgeMetrics;
  readonly notices: Notices;
  readonly status: () => BridgeStatus;
  /** What is to be sent. */
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  /** Somebody has said something, and it is on disk. */
  readonly onSaid: () => void;
  /** A question was taken, as an event. */
  readonly onAsked: (eventId: string, client: string, at: number) => void;
  /** What a client should know about messages that wait. */
  readonly warningsFor: (messages: readonly PendingMessage[], count: number) => readonly string[];
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** What people say to the bot and what follows from it: responses, decisions, commands, and whom that is told. */
export class Conversation {
  readonly approvals: Approvals;
  readonly inbox: Inbox;
  readonly channel: Channel;
  readonly pairings: Pairings;
  readonly receiver: Receiver;
  readonly #options: ConversationOptions;
  readonly #menu: CommandMenu;
  readonly #people: People;
  readonly #webhooks: Webhooks | undefined;

  constructor(options: ConversationOptions) {
    const { config, store, queue, now } = options;
    this.#options = options;
    this.#webhooks = config.webhook && new Webhooks(config.webhook, options);
    this.#menu = new CommandMenu(options);
    const { allowedUsers: recipients, admins = [] } = config.telegram;
    this.#people = new People(store.db, recipients);
    store.onUndone(() => this.#people.reread());
    const people = () => this.#people.all;
    this.channel = new Channel({
      ...options,
      isHeard: hears(config),
      approvals: () => this.approvals,
      isPerson: (id) => people().has(id),
      onTaken: options.onAsked,
    });
    this.approvals = this.#makeApprovals(people);
    const { hearing } = this.channel;
    this.pairings = new Pairings({
      ...options,
      people: this.#people,
      isOn: config.telegram.pairing === "Code",
      newCode: () => pairingCode(randomInt),
    });
    const { approvals, channel, pairings } = this;
    const context = contextOf({ ...options, approvals, channel, pairings });
    const commands = new Commands({ context, admins, people: this.#people.configured, recipients });
    const decide = this.approvals.click.bind(this.approvals);
    const spoken = this.approvals.spoken.bind(this.approvals);
    const onMigrated = (from: number, to: number) => this.#onMigrated(from, to);
    this.inbox = new Inbox({ store, queue, commands, hearing, people, decide, spoken, pairings, onMigrated, now });
    this.receiver = new Receiver({
      ...options,
      config: config.telegram.updates ?? { mode: "None" },
      inbox: this.inbox,
      onResponse: (taken) => this.#onResponse(taken),
      onDecision: (record) => this.#onApproval(record),
    });
  }

  /** Goes on with what an earlier process left; people are heard only when the receiver is started. */
  async start(): Promise<void> {
    await this.approvals.start();
    this.channel.topics.wake();
    this.#webhooks?.wake();
  }

  /** Telegram answers again. */
  reachable(): void {
    this.receiver.reachable();
    this.channel.topics.wake();
    if (hears(this.#options.config)) this.#menu.refresh();
  }

  /** The token is another one; `former` is of the one before. */
  restart(former: TelegramClient): void {
    this.receiver.restart(former);
    if (hears(this.#options.config)) this.#menu.restart();
  }

  /** Resolves when what has come in is taken. */
  async stop(): Promise<void> {
    this.approvals.stop();
    this.#menu.stop();
    await Promise.all([this.receiver.stop(), this.channel.stop(), this.#webhooks?.stop()]);
  }

  #onMigrated(from: number, to: number): void {
    this.#options.pacer.moved(from, to);
    this.channel.migrated(to);
    void this.approvals.tidy().catch(() => {});
  }

  #makeApprovals(people: () => ReadonlySet<number>): Approvals {
    const { telegram } = this.#options.config;
    return new Approvals({
      ...this.#options,
      people,
      timeZone: telegram.timeZone ?? "UTC",
      places: placesOf(telegram),
      newSecret: () => randomBytes(32),
      onEnding: (approval, at) => this.#onEnding(approval, at),
      isWaitedFor: (permission) => this.channel.permissions.isWaitedFor(permission),
      onChange: (change) => this.#onApproval(change),
      isHeard: () => hears(this.#options.config),
    });
  }

  #onEnding(approval: EndedApproval, at: number): void {
    this.#webhooks?.add(approval, at);
    this.channel.permissions.ended(approval, at);
  }

  #onResponse({ event, client }: Taken): void {
    const { notices, queue, onSaid } = this.#options;
    notices.response(event, client);
    onSaid();
    const record = event && queue.event(event.id, event.client);
    if (record !== undefined) {
      notices.event({ event_id: record.id, client: record.client, state: eventStateOf(record) });
    }
  }

  /** The audit trail: who was asked, who decided what, and who tried to. */
  #onApproval({ approval, what, by }: ApprovalChange): void {
    const { logger, audit, metrics, notices, onAsked } = this.#options;
    const { id: approval_id, client, state } = approval;
    const who = by && { user_id: by.userId, chat_id: by.chatId, message_id: by.messageId, option: by.option };
    logger.info({ audit: `approval_${what}`, approval_id, client, state, ...who }, "approval");
    const outcome = what.startsWith("refused") ? "refused" : "done";
    audit.record({ decision: "approval", step: what, outcome, approval_id, client, ...who });
    metrics.approvals.inc({ what });
    if (what === "asked") onAsked(approval_id, client, approval.createdAt);
    this.#webhooks?.wake();
    if (what.startsWith("refused")) return;
    notices.approval({ approval_id, client, state });
    if (what === "decided") this.channel.permissions.told(approval);
  }
}

/** Without that, another program may hear what people say to the bot, and have commands of its own. */
export function hears({ telegram }: Pick<BridgeConfig, "telegram">): boolean {
  return (telegram.updates?.mode ?? "None") !== "None";
}
