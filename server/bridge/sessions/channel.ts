import type { Logger } from "../../telemetry/logger.ts";
import type { Approvals } from "../approvals/approvals.ts";
import type { BridgeConfig } from "../config.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Notices } from "../relay/notices.ts";
import { placesOf } from "../routing/routing-table.ts";
import type { BridgeMetrics } from "../status/metrics.ts";
import { fencedText } from "../status/status.ts";
import type { Store } from "../storage/store.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import { Attachments } from "./attachments.ts";
import { Bindings } from "./bindings.ts";
import { ChannelEvents } from "./channel-events.ts";
import { Downloads } from "./downloads.ts";
import { Hearing } from "./hearing.ts";
import { isHere } from "./kept-session.ts";
import { LeaseEnds } from "./lease-ends.ts";
import { Permissions } from "./permissions.ts";
import { Receipts } from "./receipts.ts";
import { SessionTable } from "./session-table.ts";
import { Sessions } from "./sessions.ts";
import { Speaking } from "./speaking.ts";
import { Topics } from "./topics.ts";

export type ChannelOptions = {
  readonly config: Pick<BridgeConfig, "telegram" | "isFenced">;
  /** What people say comes in. */
  readonly isHeard: boolean;
  readonly store: Store;
  readonly queue: Queue;
  readonly telegram: Pick<TelegramClient, "ask" | "download">;
  readonly pacer: Pick<Pacer, "isPaused">;
  readonly notices: Pick<Notices, "channel" | "sessions">;
  readonly metrics: Pick<BridgeMetrics, "channelEvents">;
  /** Known when all parts are made. */
  readonly approvals: () => Approvals;
  readonly isPerson: (userId: number) => boolean;
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  readonly onTaken: (eventId: string, client: string, at: number) => void;
  readonly logger: Logger;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

/** A fenced bridge asks Telegram nothing. */
const unasked: ChannelOptions["telegram"] = {
  ask: async () => ({ problem: { kind: "unreachable", error: fencedText } }),
  download: async () => ({ kind: "failed", error: fencedText }),
};

/** What goes between people and sessions, both ways. */
export class Channel {
  readonly bindings: Bindings;
  readonly sessions: Sessions;
  readonly table: SessionTable;
  readonly hearing: Hearing;
  readonly speaking: Speaking;
  readonly permissions: Permissions;
  readonly downloads: Downloads;
  readonly topics: Topics;
  readonly #receipts: Receipts;
  readonly #leaseEnds: LeaseEnds;
  readonly #attachments: Attachments;
  readonly #options: ChannelOptions;

  constructor(options: ChannelOptions) {
    const { config, store, now, notices, approvals, onLines, isHeard } = options;
    const { isFenced = false } = config;
    this.#options = options;
    const attachments = new Attachments(store.db);
    const bindings = new Bindings(store.db, (row) => this.#changed(row));
    const events = new ChannelEvents(store.db);
    const table = new SessionTable(store.db);
    this.bindings = bindings;
    this.table = table;
    this.#attachments = attachments;
    this.#receipts = new Receipts({ ...options, isHere: (row) => this.#isHere(row) });
    const sessions = new Sessions({
      ...{ store, table, bindings, events, now },
      ring: (session, notice) => notices.channel(session, notice),
      onChange: (client) => notices.sessions(client),
      onGone: (session, holder, at) => this.permissions.gone(session, holder, at),
      onHeld: (until) => this.#leaseEnds.held(until),
      onArrival: (session, at) => this.topics.want(session, at),
      onRegistered: () => this.topics.wake(),
      onSettled: ({ row }, ending, { settled, places }) => {
        options.metrics.channelEvents.inc({ ending }, settled);
        if (ending !== "dropped") this.#receipts.read(row, places);
      },
    });
    this.sessions = sessions;
    this.#leaseEnds = new LeaseEnds({ ...options, table, onEnd: (session) => sessions.ring(session) });
    const timeZone = config.telegram.timeZone ?? "UTC";
    const telegram = isFenced ? unasked : options.telegram;
    const parts = { ...options, telegram, sessions, table, bindings, events, attachments };
    this.hearing = new Hearing({ ...parts, timeZone, onKept: (place) => this.#receipts.kept(place) });
    this.speaking = new Speaking({ ...parts, receipts: this.#receipts, onLines });
    this.permissions = new Permissions({ ...parts, approvals });
    this.downloads = new Downloads(parts);
    const ids = placesOf(config.telegram).flatMap(({ chatId, publicName }) => (publicName === undefined ? chatId : []));
    const groups = isHeard ? [...new Set(ids)].filter((id) => id < 0) : [];
    this.topics = new Topics({ ...parts, groups, isOn: isHeard && !isFenced });
  }

  /** Deletes what is old, a small batch at a time; true when there may be more. */
  async prune(): Promise<boolean> {
    const { store, now } = this.#options;
    const more = await store.write(() => this.#attachments.prune(now()));
    return (await this.sessions.prune()) || more;
  }

  /** A group is this chat now, and that is on disk. */
  migrated(chatId: number): void {
    for (const row of this.bindings.sessionsIn(chatId)) this.#changed(row);
    this.topics.wake();
  }

  async stop(): Promise<void> {
    this.#leaseEnds.stop();
    this.#receipts.stop();
    this.speaking.stop();
    await this.topics.stop();
  }

  #changed(row: number): void {
    const session = this.table.byRow(row);
    if (session !== undefined) this.#options.notices.sessions(session.client);
  }

  #isHere(row: number): boolean {
    const session = this.table.byRow(row);
    return session !== undefined && isHere(session, this.#options.now());
  }
}
