import type { DeadLetterQuery } from "../../../contract/dead-letters.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import { TaskMessages } from "../progress/task-messages.ts";
import { isStandIn } from "../routing/destination.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { EventKey, EventRecord, NewEvent, SaidBy, SettledEvent } from "./event.ts";
import { Intake } from "./intake.ts";
import type { Line, NewMessage, OutgoingMessage, PendingMessage, SentKeyboard, Settlement } from "./message.ts";
import { Places } from "./places.ts";
import type {
  DeadLetter,
  Expired,
  PruneLimits,
  Queue,
  QueueStats,
  Recovered,
  RefusedChat,
  Revived,
  Stored,
} from "./queue.ts";
import { RefusedChats } from "./refused-chats.ts";
import { RefusedTopics } from "./refused-topics.ts";
import { keepKeyboard, Settling } from "./settling.ts";
import { type ShareLimits, Shares } from "./shares.ts";
import { eventRecord } from "./sqlite-events.ts";
import { type Row, toEventKey, toOutgoing, toPending, toSaidBy, toSentKeyboard, withFile } from "./sqlite-rows.ts";
import { BYTES, prepare } from "./sqlite-statements.ts";

export type SqliteQueueOptions = {
  /** How much may wait for delivery; events beyond are refused. */
  readonly limits: ShareLimits;
  /** The chats that messages go to: of others it is forgotten that they were refused. */
  readonly recipients: readonly number[];
  /** For how long what says the same is not sent again, in milliseconds. Default: 0. */
  readonly deduplicationMs?: number;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

const PRUNE_BATCH = 200;
const SENDS_KEPT_MS = 61_000;

/** The queue in the bridge's file, which it closes. */
export class SqliteQueue implements Queue {
  readonly #store: Store;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #options: SqliteQueueOptions;
  readonly #shares: Shares;
  readonly #refusedChats: RefusedChats;
  readonly #refusedTopics: RefusedTopics;
  readonly #tasks: TaskMessages;
  readonly #places: Places;
  readonly #intake: Intake;
  readonly #deadLetters: DeadLetters;
  readonly #settling: Settling;

  constructor(store: Store, options: SqliteQueueOptions) {
    this.#store = store;
    this.#options = options;
    this.#shares = new Shares(options.limits);
    this.#sql = prepare(store.db);
    this.#refusedChats = new RefusedChats(this.#sql);
    this.#refusedTopics = new RefusedTopics(this.#sql);
    this.#tasks = new TaskMessages(store.db, BYTES);
    this.#places = new Places(this.#sql, this.#refusedChats);
    const parts = { sql: this.#sql, shares: this.#shares, places: this.#places, tasks: this.#tasks };
    this.#intake = new Intake({ ...parts, deduplicationMs: options.deduplicationMs ?? 0 });
    this.#deadLetters = new DeadLetters({ ...parts, intake: this.#intake });
    const refused = { refusedChats: this.#refusedChats, refusedTopics: this.#refusedTopics };
    this.#settling = new Settling({ ...parts, ...refused, deadLetters: this.#deadLetters });
    this.#count();
    store.onUndone(() => this.#count());
    // The windows of the last second are not known any more.
    if (store.damage !== undefined) this.#sql.set.run("paused_until", options.now() + 1_000);
  }

  async accept(event: NewEvent): Promise<Stored> {
    this.#store.requireRoom();
    return this.#store.write(() => this.#intake.event(event));
  }

  async recover(): Promise<Recovered> {
    const now = this.#options.now();
    return this.#store.write(() => {
      this.#sql.deleteSends.run(now - SENDS_KEPT_MS);
      this.#sql.recordInterrupted.run(now);
      const uncertain = Number(this.#sql.resumeInterrupted.run().changes);
      this.#tasks.recover(now);
      this.#refusedChats.keepOnly(this.#options.recipients);
      return {
        uncertain,
        // Row by row: a million of them and what is made of them would not have room beside each other.
        pending: Array.from(this.#sql.pending.iterate(), toPending),
        sends: this.#sql.sends.all().map((row) => ({ chatId: Number(row.chat_id), at: Number(row.at) })),
        pausedUntil: Number(this.#sql.get.get("paused_until")?.value ?? 0),
      };
    });
  }

  begin(ids: readonly number[]): Promise<readonly OutgoingMessage[]> {
    return this.#store.write(() =>
      ids.flatMap((id) =>
        this.#sql.begin.all(id).map((row) => this.#refusedTopics.around(this.#outgoing(row), this.#options.now())),
      ),
    );
  }

  settle(id: number, settlement: Settlement): Promise<SettledEvent | undefined> {
    return this.#store.write(() => this.#settling.settle(id, settlement));
  }

  expired(at: number): readonly Expired[] {
    const rows = this.#sql.expiredMessages.all(at);
    return rows.map((row) => ({ pending: toPending(row), message: toOutgoing(row) }));
  }

  waiting(ids: readonly number[]): readonly PendingMessage[] {
    return ids.flatMap((id) => this.#sql.waitingNow.all(id).map(toPending));
  }

  pauseUntil(time: number): Promise<void> {
    return this.#store.write(() => void this.#sql.set.run("paused_until", time));
  }

  migrateChat(from: number, to: number): Promise<void> {
    return this.#store.write(() => this.#move(from, to));
  }

  moveKnownChat(from: number, to: number): boolean {
    const isNamed = this.#options.recipients.some((chat) => this.#places.current(chat) === from);
    if (!isNamed && this.#sql.bindingIn.get(from) === undefined) return false;
    this.#move(from, to);
    return true;
  }

  addEvent(event: NewEvent): Stored {
    return this.#intake.event(event);
  }

  addLine(line: Line, at: number): PendingMessage | undefined {
    return this.#intake.line(line, at);
  }

  changeEdit(edit: FormattedText & { chatId: number; edits: number }): boolean {
    return this.#intake.changeEdit(edit);
  }

  urgentLines(chatId: number): number {
    return Number(this.#sql.countUrgent.get(this.#places.current(chatId))?.count);
  }

  keyboardsOf({ id, client }: EventKey): readonly SentKeyboard[] {
    return this.#sql.keyboards.all(id, client).map(toSentKeyboard);
  }

  adoptKeyboard(event: EventKey, keyboard: SentKeyboard): void {
    keepKeyboard(this.#sql, event, keyboard);
  }

  forgetKeyboards({ id, client }: EventKey): void {
    this.#sql.forgetKeyboards.run(id, client);
  }

  askAgain(event: EventKey, message: NewMessage, at: number): PendingMessage {
    return this.#intake.again(event, message, at);
  }

  forgetKeyboard({ id, client }: EventKey, { chatId, messageId }: SentKeyboard): void {
    this.#sql.forgetKeyboard.run(id, client, chatId, messageId);
  }

  eventsWithKeyboards(): readonly EventKey[] {
    return this.#sql.eventsWithKeyboards.all().map(toEventKey);
  }

  mayHaveCome({ id, client }: EventKey, chatId: number): boolean {
    return this.#sql.mayHaveCome.get(id, client, chatId) !== undefined;
  }

  eventOfMessage(chatId: number, telegramMessageId: number): SaidBy | undefined {
    const row = this.#sql.eventOfMessage.get(chatId, telegramMessageId);
    return row && toSaidBy(row);
  }

  deadLetters(query: DeadLetterQuery): readonly DeadLetter[] {
    return this.#deadLetters.list(query);
  }

  revive(message: number, owner?: string): Revived | undefined {
    return this.#deadLetters.revive(message, owner);
  }

  discard(message: number, owner?: string): EventKey | undefined {
    return this.#deadLetters.discard(message, owner);
  }

  prune({ sentBefore, failedBefore, sendsBefore, answerableBefore }: PruneLimits): Promise<boolean> {
    return this.#store.write(() => {
      const dropped = Number(this.#sql.deleteFailures.run(failedBefore, PRUNE_BATCH).changes);
      const expired = this.#sql.expired.all(sentBefore, PRUNE_BATCH);
      for (const { event_id: id, client } of expired) this.#sql.deleteEvent.run(id ?? null, client ?? null);
      this.#refusedChats.forgetBefore(failedBefore);
      this.#refusedTopics.forgetBefore(failedBefore);
      this.#sql.deleteSends.run(sendsBefore);
      const forgotten = Number(this.#sql.forgetOldSent.run(PRUNE_BATCH, answerableBefore).changes);
      this.#deadLetters.load();
      return this.#tasks.prune(sentBefore) || [expired.length, dropped, forgotten].includes(PRUNE_BATCH);
    });
  }

  stats(): QueueStats {
    const { error, broken, db } = this.#store;
    const oldest = db.isOpen && !broken ? this.#sql.oldest.get()?.created_at : undefined;
    return {
      usable: error === undefined,
      broken,
      pending: this.#shares.total.messages,
      failed: this.#deadLetters.count,
      refusedChats: this.refusedChats(),
      refusedTopics: this.#refusedTopics.all,
      ...(error === undefined ? {} : { error }),
      ...(oldest === undefined ? {} : { oldestAt: Number(oldest) }),
    };
  }

  nextHeld(): number | undefined {
    return this.#tasks.nextHeld();
  }

  release(at: number): readonly PendingMessage[] {
    return this.#tasks.release(at).map(toPending);
  }

  waitingByClient() {
    return this.#shares.messagesByClient;
  }

  event(id: string, client: string | undefined): EventRecord | undefined {
    try {
      return eventRecord(this.#sql, id, client);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  refusedChats(): readonly RefusedChat[] {
    return this.#refusedChats.all;
  }

  currentChat(chatId: number): number {
    return this.#places.current(chatId);
  }

  async close(): Promise<void> {
    this.#store.close();
  }

  #move(from: number, to: number): void {
    const before = this.#places.current(from);
    this.#places.migrated(from, to);
    this.#tasks.migrate(from, to);
    const { moveMessages, moveBindings, moveChannelEvents, moveTopics } = this.#sql;
    if (!isStandIn(from)) this.#sql.detach.run(from);
    for (const each of [moveMessages, moveBindings, moveChannelEvents, moveTopics]) each.run(to, from);
    // What is bound in the new chat already stays so.
    this.#sql.forgetBindings.run(from);
    this.#refusedChats.forget(from);
    if (before !== to) this.#refusedChats.forget(before);
  }

  /** An earlier request may have changed what people see, so that nobody knows it. */
  #outgoing(row: Row): OutgoingMessage {
    if (row.file !== null) return withFile(toOutgoing(row), row.file_kind, this.#sql.file.get(Number(row.file)));
    const message = toOutgoing(row);
    if (!message.isProgress || message.edits === undefined || message.uncertain) return message;
    return { ...message, isShown: this.#tasks.isShown(Number(row.task), { text: row.text, entities: row.entities }) };
  }

  #count(): void {
    this.#shares.clear();
    for (const { client, messages, bytes } of this.#sql.loads.all()) {
      this.#shares.add(String(client), { messages: Number(messages), bytes: Number(bytes) });
    }
    this.#refusedChats.load();
    this.#refusedTopics.load();
    this.#places.load();
    this.#deadLetters.load();
  }
}
