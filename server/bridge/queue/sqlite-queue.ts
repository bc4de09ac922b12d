import type { DeadLetterQuery } from "../../../contract/dead-letters.ts";
import type { Priority } from "../../../contract/priority.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import { laneOf, ownLane } from "../pacing/lanes.ts";
import { type Placement, type TaskEnding, TaskMessages } from "../progress/task-messages.ts";
import { RefusedError } from "../refused-error.ts";
import { isStandIn } from "../routing/destination.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import {
  BRIDGE_ITSELF,
  type DeadLetter,
  type EventKey,
  type EventRecord,
  type Expired,
  type Line,
  type NewEvent,
  type OutgoingFile,
  type OutgoingMessage,
  type PendingMessage,
  type PruneLimits,
  type Queue,
  type QueueStats,
  type Recovered,
  type RefusedChat,
  type Revived,
  type SaidBy,
  type SentKeyboard,
  type SettledEvent,
  type Settlement,
  type Stored,
} from "./queue.ts";
import { RefusedChats } from "./refused-chats.ts";
import { RefusedTopics } from "./refused-topics.ts";
import { type Load, type ShareLimits, Shares } from "./shares.ts";
import { eventRecord, settleEvent } from "./sqlite-events.ts";
import {
  bytesOf,
  columnsOf,
  type MessageRow,
  messageRow,
  type Row,
  toDeadLetter,
  toEventKey,
  toOutgoing,
  toPending,
  toSaidBy,
  toSentKeyboard,
  withFile,
} from "./sqlite-rows.ts";
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
/** Refused messages of one client that are kept. */
const FAILURES_KEPT = 200;
/** Of these, those with files. */
const FILES_KEPT = 20;
/** Messages whose events are known, so that an answer to one reaches its event. */
const ANSWERABLE_KEPT = 50_000;

/** The queue in the bridge's file, which it closes. */
export class SqliteQueue implements Queue {
  readonly #store: Store;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #options: SqliteQueueOptions;
  readonly #shares: Shares;
  readonly #refusedChats: RefusedChats;
  readonly #refusedTopics: RefusedTopics;
  readonly #tasks: TaskMessages;
  /** The chats that have another id now: asked for at each message. */
  #migrated: ReadonlyMap<number, number> = new Map();
  #failed = 0;

  constructor(store: Store, options: SqliteQueueOptions) {
    this.#store = store;
    this.#options = options;
    this.#shares = new Shares(options.limits);
    this.#sql = prepare(store.db);
    this.#refusedChats = new RefusedChats(this.#sql);
    this.#refusedTopics = new RefusedTopics(this.#sql);
    this.#tasks = new TaskMessages(store.db, BYTES);
    this.#count();
    store.onUndone(() => this.#count());
    // The windows of the last second are not known any more.
    if (store.damage !== undefined) this.#sql.set.run("paused_until", options.now() + 1_000);
  }

  async accept(event: NewEvent): Promise<Stored> {
    this.#store.requireRoom();
    return this.#store.write(() => this.addEvent(event));
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
    return this.#store.write(() => {
      if (wasAsked(settlement.kind)) this.#sql.recordSend.run(settlement.at, id);
      if (settlement.kind === "retry") return void this.#retry(id, settlement);
      const failed = settlement.kind === "failed";
      const row = failed ? this.#sql.failed.get(settlement.at, settlement.error, id) : this.#sql.delivered.get(id);
      if (row === undefined) return undefined;
      this.#shares.remove(String(row.client), { messages: 1, bytes: Number(row.bytes) });
      if (settlement.kind === "sent") this.#keepSent(row, settlement);
      else if (failed) this.#keepFailure(row, settlement);
      if (row.task !== null) this.#tasks.settled(Number(row.task), endingOf(row, settlement));
      return settleEvent(this.#sql, toEventKey(row), settlement.at, settlement.kind);
    });
  }

  expired(at: number): readonly Expired[] {
    const rows = this.#sql.expiredMessages.all(at);
    return rows.map((row) => ({ pending: toPending(row), message: toOutgoing(row) }));
  }

  pauseUntil(time: number): Promise<void> {
    return this.#store.write(() => void this.#sql.set.run("paused_until", time));
  }

  migrateChat(from: number, to: number): Promise<void> {
    return this.#store.write(() => {
      const before = this.#current(from);
      this.#sql.rememberMigration.run(from, to);
      this.#sql.rememberChain.run(to, from);
      this.#tasks.migrate(from, to);
      this.#sql.moveMessages.run(to, from);
      this.#sql.moveKeyboards.run(to, from);
      this.#sql.moveBindings.run(to, from);
      this.#sql.moveChannelEvents.run(to, from);
      this.#loadMigrations();
      this.#refusedChats.forget(from);
      if (before !== to) this.#refusedChats.forget(before);
    });
  }

  addLine(line: Line, at: number): PendingMessage | undefined {
    const row = messageRow({ part: 0, ...line });
    const load = { messages: 1, bytes: bytesOf(row) };
    const isBound = row.edits === null && line.urgent === undefined;
    if (isBound && this.#shares.problem(BRIDGE_ITSELF, load) !== undefined) return undefined;
    const message = this.#insertMessage({ id: BRIDGE_ITSELF, client: BRIDGE_ITSELF, acceptedAt: at }, row);
    this.#shares.add(BRIDGE_ITSELF, load);
    if (line.urgent === undefined) return message;
    this.#sql.hurry.run(message.id);
    return { ...message, lane: ownLane };
  }

  changeEdit({ chatId, edits, text, entities }: FormattedText & { chatId: number; edits: number }): boolean {
    const row = messageRow({ part: 0, chatId, text, entities, edits });
    const before = this.#sql.waitingEdit.get(this.#current(chatId), edits);
    if (before === undefined) return false;
    this.#sql.changeEdit.run(row.text, row.entities, Number(before.id));
    this.#shares.add(BRIDGE_ITSELF, { messages: 0, bytes: bytesOf(row) - Number(before.bytes) });
    return true;
  }

  urgentLines(chatId: number): number {
    return Number(this.#sql.countUrgent.get(this.#current(chatId))?.count);
  }

  keyboardsOf({ id, client }: EventKey): readonly SentKeyboard[] {
    return this.#sql.keyboards.all(id, client).map(toSentKeyboard);
  }

  adoptKeyboard({ id, client }: EventKey, { chatId, messageId, copies }: SentKeyboard): void {
    this.#sql.keepKeyboard.run(id, client, chatId, messageId, copies ? 1 : 0);
  }

  forgetKeyboards({ id, client }: EventKey): void {
    this.#sql.forgetKeyboards.run(id, client);
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

  deadLetters({ client, before = Number.MAX_SAFE_INTEGER, limit }: DeadLetterQuery): readonly DeadLetter[] {
    return this.#sql.deadLetters.all(client ?? null, before, limit).map(toDeadLetter);
  }

  revive(message: number, owner?: string): Revived | undefined {
    const row = this.#sql.deadLetter.get(message, owner ?? null);
    if (row === undefined) return undefined;
    const event = toEventKey(row);
    const load = { messages: 1, bytes: Number(row.bytes) };
    this.#requireRoom(event.client, load);
    const chatId = this.#placeOf(Number(row.chat_id));
    this.#sql.revive.run(chatId, message);
    this.#sql.unrefuseEvent.run(event.id, event.client);
    this.#shares.add(event.client, load);
    this.#failed -= 1;
    const lane = laneOf(row.priority as Priority);
    return { event, pending: { id: message, chatId, client: event.client, notBefore: 0, lane } };
  }

  discard(message: number, owner?: string): EventKey | undefined {
    const row = this.#sql.discard.get(message, owner ?? null);
    if (row === undefined) return undefined;
    this.#failed -= 1;
    return toEventKey(row);
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
      this.#failed = Number(this.#sql.countFailed.get()?.count);
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
      failed: this.#failed,
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
    return this.#current(chatId);
  }

  async close(): Promise<void> {
    this.#store.close();
  }

  addEvent(event: NewEvent): Stored {
    const known = this.#sql.messagesOfEvent.get(event.id, event.client);
    if (known !== undefined) {
      const muted = Number(known.muted);
      return { duplicate: true, count: Number(known.messages) - muted, muted, messages: [] };
    }
    const { client, messages: parts, muted = 0, session = null } = event;
    if (event.task?.phase === "end") this.#tasks.end(client, event.task.id);
    const said = this.#saidBefore(event);
    if (said !== undefined) return said;
    const rows = parts.map((part) => this.#placed(event, messageRow(part)));
    const added = rows.filter((row) => row.replaces === undefined);
    const load = { messages: added.length, bytes: added.reduce((sum, row) => sum + bytesOf(row), 0) };
    if (added.length > 0 || rows.length === 0) this.#requireRoom(client, load);
    const { at = null, requestId = null, traceId = null } = event.call ?? {};
    this.#sql.insertEvent.run(
      event.id,
      client,
      event.acceptedAt,
      rows.length + muted,
      muted,
      at,
      requestId,
      traceId,
      // Without a window nobody looks for it.
      (this.#options.deduplicationMs ? event.content : undefined) ?? null,
      session,
      rows.length === 0 ? event.acceptedAt : null,
    );
    const fileIds = this.#insertFiles(added);
    const messages = added.map((row) => this.#insertMessage(event, row, row.file && fileIds.get(row.file)));
    this.#shares.add(client, load);
    const replaced = rows.flatMap((row) => (row.replaces && this.#replace(event, row, row.replaces)) ?? []);
    const free = messages.filter((_message, index) => added[index]?.heldUntil === undefined);
    return { duplicate: false, count: rows.length, muted, messages: free, replaced };
  }

  /** Progress goes where its task is shown; everything else is a message of its own. */
  #placed({ client, task, acceptedAt }: NewEvent, row: MessageRow): PlacedRow {
    if (task?.phase !== "progress" || row.file !== undefined) return row;
    const place = { chatId: this.#placeOf(row.chatId), topic: row.topic };
    const placement = this.#tasks.placeOf(client, task.id, place, acceptedAt);
    const isEdit = "heldUntil" in placement && placement.heldUntil !== undefined;
    // Nobody hears an edit: what makes a sound goes before it.
    return { ...row, ...placement, ...(isEdit && row.priority === "normal" && { priority: "bulk" }) };
  }

  /** What waits says the new words, in the place that it has. */
  #replace(event: NewEvent, row: MessageRow, waiting: Replaced): SettledEvent | undefined {
    const { id, client, acceptedAt, expiresAt = null } = event;
    const { part, text, entities, weight } = row;
    this.#sql.replaceMessage.run(id, part, text, entities, weight, acceptedAt, expiresAt, waiting.id);
    this.#shares.remove(client, { messages: 1, bytes: waiting.bytes });
    this.#shares.add(client, { messages: 1, bytes: bytesOf(row) });
    return settleEvent(this.#sql, waiting.event, acceptedAt, "replaced");
  }

  /** The event of the same client that said the same a short time ago. */
  #saidBefore({ client, content, acceptedAt }: NewEvent): Stored | undefined {
    const { deduplicationMs: span = 0 } = this.#options;
    if (span === 0 || content === undefined) return undefined;
    const row = this.#sql.eventOfContent.get(client, content, acceptedAt - span);
    if (row === undefined) return undefined;
    const muted = Number(row.muted);
    const count = Number(row.messages) - muted;
    return { duplicate: true, duplicateOf: String(row.event_id), count, muted, messages: [] };
  }

  #requireRoom(client: string, load: Load): void {
    const problem = this.#shares.problem(client, load);
    if (problem === undefined) return;
    throw new RefusedError(problem.whose === "client" ? "client_quota" : "queue_full", problem.message, 30);
  }

  /** Each file once, for all messages that have it. */
  #insertFiles(rows: readonly PlacedRow[]): ReadonlyMap<OutgoingFile, number> {
    const files = new Set(rows.flatMap(({ file }) => file ?? []));
    return new Map(
      [...files].map((file) => [file, Number(this.#sql.insertFile.get(file.name, file.mediaType, file.bytes)?.id)]),
    );
  }

  #insertMessage(event: Omit<NewEvent, "messages">, message: PlacedRow, fileId: number | null = null): PendingMessage {
    const { id: eventId, client, acceptedAt, expiresAt = null } = event;
    const chatId = this.#placeOf(message.chatId);
    const { task, heldUntil } = message;
    const held = [task ?? null, heldUntil === undefined ? 0 : 1, heldUntil ?? 0] as const;
    const file = [fileId, message.file?.kind ?? null, message.file?.bytes.length ?? 0] as const;
    const own = [...columnsOf(message), acceptedAt, expiresAt, ...held, ...file] as const;
    const row = this.#sql.insertMessage.get(eventId, client, chatId, ...own);
    return { id: Number(row?.id), chatId, client, notBefore: 0, lane: laneOf(message.priority) };
  }

  /** An earlier request may have changed what people see, so that nobody knows it. */
  #outgoing(row: Row): OutgoingMessage {
    if (row.file !== null) return withFile(toOutgoing(row), row.file_kind, this.#sql.file.get(Number(row.file)));
    const message = toOutgoing(row);
    if (!message.isProgress || message.edits === undefined || message.uncertain) return message;
    return { ...message, isShown: this.#tasks.isShown(Number(row.task), { text: row.text, entities: row.entities }) };
  }

  #current(chatId: number): number {
    return this.#migrated.get(chatId) ?? chatId;
  }

  /** A public name is looked up again when its chat refuses: it may be another one's by now. */
  #placeOf(chatId: number): number {
    const current = this.#current(chatId);
    const isDoubtful = isStandIn(chatId) && (this.#refusedChats.has(chatId) || this.#refusedChats.has(current));
    return isDoubtful ? chatId : current;
  }

  #keepSent(
    { chat_id, topic, event_id, client, keyboard, uncertain, expires_at }: Row,
    { at, telegramMessageId }: Extract<Settlement, { kind: "sent" }>,
  ): void {
    this.#refusedChats.forget(Number(chat_id));
    // Whoever has got a part of it wants the rest.
    if (expires_at !== null) this.#sql.keepRest.run(String(event_id), String(client), Number(chat_id));
    if (topic !== null) this.#refusedTopics.forget({ chatId: Number(chat_id), topic: Number(topic) });
    if (client === BRIDGE_ITSELF) return;
    const row = this.#sql.rememberSent.get(Number(chat_id), telegramMessageId, String(event_id), String(client), at);
    this.#sql.forgetSent.run(Number(row?.id) - ANSWERABLE_KEPT);
    if (keyboard === null) return;
    const sent = { chatId: Number(chat_id), messageId: telegramMessageId, copies: Number(uncertain) > 0 };
    this.adoptKeyboard({ id: String(event_id), client: String(client) }, sent);
  }

  #keepFailure({ chat_id, client }: Row, settlement: Extract<Settlement, { kind: "failed" }>): void {
    if (client === BRIDGE_ITSELF) return void this.#sql.dropOldFailures.run(BRIDGE_ITSELF, 0);
    if (settlement.givenUp !== true) this.#keepRefusal(Number(chat_id), settlement);
    const dropped = Number(this.#sql.dropOldFailures.run(String(client), FAILURES_KEPT).changes);
    this.#failed += 1 - dropped - Number(this.#sql.dropOldFiles.run(String(client), FILES_KEPT).changes);
  }

  #keepRefusal(chatId: number, { at, error }: Pick<Extract<Settlement, { kind: "failed" }>, "at" | "error">): void {
    this.#refusedChats.refused(chatId, error, at);
    // Nobody has the name any more: that is what there is to tell of the chat.
    const known = this.#current(chatId);
    if (known !== chatId) this.#refusedChats.forget(known);
  }

  #retry(id: number, settlement: Extract<Settlement, { kind: "retry" }>): void {
    const { at, notBefore, error, uncertain, counts = false, plain, outOfTopic, asNew, asDocument } = settlement;
    if (asNew === true) this.#tasks.lost(id);
    if (asDocument === true) this.#sql.asDocument.run(id);
    if (outOfTopic === true) this.#refusedTopics.refused(id, error, at);
    this.#sql.retry.run(notBefore, error, uncertain ? 1 : 0, counts ? 1 : 0, plain ? 1 : 0, id);
  }

  #count(): void {
    this.#shares.clear();
    for (const { client, messages, bytes } of this.#sql.loads.all()) {
      this.#shares.add(String(client), { messages: Number(messages), bytes: Number(bytes) });
    }
    this.#refusedChats.load();
    this.#refusedTopics.load();
    this.#loadMigrations();
    this.#failed = Number(this.#sql.countFailed.get()?.count);
  }

  #loadMigrations(): void {
    const rows = this.#sql.migrations.all();
    this.#migrated = new Map(rows.map(({ from_chat, to_chat }) => [Number(from_chat), Number(to_chat)]));
  }
}

/** A row with its place: as one more, or where another one waits. */
type PlacedRow = MessageRow & {
  readonly task?: number;
  readonly heldUntil?: number | undefined;
  readonly replaces?: Replaced;
};

type Replaced = Extract<Placement, { readonly replaces: unknown }>["replaces"];

const wasAsked = (kind: Settlement["kind"]): boolean => kind !== "muted" && kind !== "expired" && kind !== "unchanged";

function endingOf({ text, entities }: Row, settlement: Exclude<Settlement, { kind: "retry" }>): TaskEnding {
  const { at } = settlement;
  if (settlement.kind !== "sent") return { at };
  return { at, sent: { messageId: settlement.telegramMessageId, words: { text, entities } } };
}
