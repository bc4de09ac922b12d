import type { DatabaseSync } from "node:sqlite";
import { type ChannelEnding, sessionLimits } from "../../../contract/sessions.ts";
import type { KeptEvent } from "./channel-event.ts";

const COLUMNS = "id, kind, for_holder, at, content, meta, response, first_handed";
const OPEN = "settled_at IS NULL";
/** For so long a session may answer in a chat in which somebody spoke to it. */
const KEPT_MS = 30 * 24 * 3_600_000;
const BATCH = 200;

type NewMessage = {
  readonly session: number;
  readonly at: number;
  readonly chatId: number;
  readonly messageId: number;
  readonly content: string;
  readonly meta: KeptEvent["meta"];
  readonly response: number;
};

type NewVerdict = {
  readonly session: number;
  readonly holder: string;
  readonly at: number;
  readonly requestId: string;
  readonly behavior: "allow" | "deny";
};

/** How many ended, and where those of them that are messages were said. */
export type Settled = { readonly settled: number; readonly places: readonly Place[] };

/** A message that was settled: where it was said. */
export type Place = { readonly chatId: number; readonly messageId: number; readonly topic?: number };

/** The rows of what waits for sessions. Whatever changes them belongs into a write of the store. */
export class ChannelEvents {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync) {
    this.#sql = prepare(db);
  }

  /** True when an older one had to go for it. */
  addMessage({ session, at, chatId, messageId, content, meta, response }: NewMessage): boolean {
    this.#sql.insert.run(session, "message", null, at, chatId, messageId, content, JSON.stringify(meta), response);
    return this.#bound(session, at);
  }

  addVerdict({ session, holder, at, requestId, behavior }: NewVerdict): void {
    this.#sql.insert.run(session, "verdict", holder, at, null, null, requestId, JSON.stringify({ behavior }), null);
    this.#bound(session, at);
  }

  /** The oldest after one of an id. */
  open(session: number, after: number, limit: number): readonly KeptEvent[] {
    return this.#sql.open.all(session, after, limit).map(toEvent);
  }

  hand(ids: readonly number[], generation: number, at: number): void {
    for (const id of ids) this.#sql.hand.run(generation, at, id);
  }

  countOpen(session: number): number {
    return Number(this.#sql.countOpen.get(session)?.count);
  }

  hasOpenIn(session: number, chatId: number): boolean {
    return this.#sql.openIn.get(session, chatId) !== undefined;
  }

  /** Whether somebody spoke to the session in that chat. */
  hasBeenIn(session: number, chatId: number): boolean {
    return this.#sql.anyIn.get(session, chatId) !== undefined;
  }

  /** Where that message was said to the session, or the newest one of the chat. */
  placeOf(session: number, chatId: number, messageId: number | undefined): Place | undefined {
    const row =
      this.#sql.newestIn.get(session, chatId, messageId ?? null) ?? this.#sql.newestIn.get(session, chatId, null);
    return row === undefined ? undefined : toPlace(row)[0];
  }

  /** With a generation only what was handed over in it. The places of the messages among those that were open. */
  settle(
    session: number,
    { ids, of, generation }: { ids: readonly number[]; of: "events" | "responses"; generation: number | undefined },
    ending: ChannelEnding,
    at: number,
  ): Settled {
    const statement = of === "events" ? this.#sql.settle : this.#sql.settleResponse;
    const rows = ids.flatMap((id) => statement.all(at, ending, session, id, generation ?? null));
    return { settled: rows.length, places: rows.flatMap(toPlace) };
  }

  drop(id: number, at: number): void {
    this.#sql.drop.run(at, id);
  }

  /** Verdicts that nobody takes any more. */
  dropVerdicts(session: number, holder: string, at: number): void {
    this.#sql.dropVerdicts.run(at, session, holder);
  }

  /** Settles and deletes old ones; true when there may be more. */
  prune(now: number): boolean {
    const dropped = Number(this.#sql.dropOld.run(now, now - sessionLimits.waitingDays * 24 * 3_600_000, BATCH).changes);
    const deleted = Number(this.#sql.deleteOld.run(now - KEPT_MS, BATCH).changes);
    return dropped === BATCH || deleted === BATCH;
  }

  /** The oldest goes when too much waits. */
  #bound(session: number, at: number): boolean {
    return Number(this.#sql.dropBeyond.run(at, session, sessionLimits.waiting).changes) > 0;
  }
}

function prepare(db: DatabaseSync) {
  const settled = `UPDATE channel_events SET settled_at = ?, ending = ? WHERE session = ? AND ${OPEN}`;
  const told = "AND (?5 IS NULL OR handed = ?5) RETURNING chat_id, message_id, meta";
  return {
    insert: db.prepare(
      `INSERT INTO channel_events (session, kind, for_holder, at, chat_id, message_id, content, meta, response)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    open: db.prepare(
      `SELECT ${COLUMNS} FROM channel_events INDEXED BY channel_events_open
       WHERE session = ? AND ${OPEN} AND id > ? ORDER BY id LIMIT ?`,
    ),
    hand: db.prepare(
      `UPDATE channel_events SET first_handed = coalesce(first_handed, ?1), handed = ?1, handed_at = ?2
       WHERE id = ?3 AND ${OPEN}`,
    ),
    countOpen: db.prepare(`SELECT count(*) AS count FROM channel_events WHERE session = ? AND ${OPEN}`),
    openIn: db.prepare(`SELECT 1 FROM channel_events WHERE session = ? AND chat_id = ? AND ${OPEN} LIMIT 1`),
    anyIn: db.prepare("SELECT 1 FROM channel_events WHERE session = ? AND chat_id = ? LIMIT 1"),
    newestIn: db.prepare(
      `SELECT chat_id, message_id, meta FROM channel_events
       WHERE session = ?1 AND chat_id = ?2 AND (?3 IS NULL OR message_id = ?3) ORDER BY id DESC LIMIT 1`,
    ),
    settle: db.prepare(`${settled} AND id = ? ${told}`),
    settleResponse: db.prepare(`${settled} AND response = ? ${told}`),
    drop: db.prepare(`UPDATE channel_events SET settled_at = ?, ending = 'dropped' WHERE id = ? AND ${OPEN}`),
    dropVerdicts: db.prepare(
      `UPDATE channel_events SET settled_at = ?, ending = 'dropped'
       WHERE session = ? AND for_holder = ? AND ${OPEN}`,
    ),
    dropBeyond: db.prepare(
      `UPDATE channel_events SET settled_at = ?1, ending = 'dropped' WHERE id IN (
         SELECT id FROM channel_events INDEXED BY channel_events_open WHERE session = ?2 AND ${OPEN}
         ORDER BY id DESC LIMIT -1 OFFSET ?3)`,
    ),
    dropOld: db.prepare(
      `UPDATE channel_events SET settled_at = ?, ending = 'dropped' WHERE id IN (
         SELECT id FROM channel_events WHERE ${OPEN} AND at < ? LIMIT ?)`,
    ),
    deleteOld: db.prepare(
      "DELETE FROM channel_events WHERE id IN (SELECT id FROM channel_events WHERE at < ? ORDER BY id LIMIT ?)",
    ),
  };
}

type Row = Readonly<Record<string, unknown>>;

function toEvent(row: Row): KeptEvent {
  return {
    id: Number(row.id),
    kind: row.kind as KeptEvent["kind"],
    forHolder: row.for_holder === null ? undefined : String(row.for_holder),
    at: Number(row.at),
    content: String(row.content),
    meta: JSON.parse(String(row.meta)),
    response: row.response === null ? undefined : Number(row.response),
    firstHanded: row.first_handed === null ? undefined : Number(row.first_handed),
  };
}

function toPlace({ chat_id, message_id, meta }: Row): Place[] {
  if (chat_id === null || message_id === null) return [];
  const { topic } = JSON.parse(String(meta)) as { readonly topic?: string };
  return [
    { chatId: Number(chat_id), messageId: Number(message_id), ...(topic !== undefined && { topic: Number(topic) }) },
  ];
}
