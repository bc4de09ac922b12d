import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { EventKey } from "../queue/event.ts";
import type { Row } from "../queue/sqlite-rows.ts";

/** Shortest time between two edits of a message: nobody reads faster, and each takes a place within Telegram's limits. */
export const editEveryMs = 3_000;

/** When nobody knows it yet: one before it has to end first. */
const never = Number.MAX_SAFE_INTEGER;

const BATCH = 200;

/** Where progress goes: to the message that waits, or as one more that is held until its turn, or as the task's first. */
export type Placement =
  | { readonly replaces: Waiting }
  | { readonly task: number; readonly edits: number | null; readonly heldUntil: number | undefined };

type Waiting = { readonly id: number; readonly event: EventKey; readonly bytes: number };

type Place = { readonly chatId: number; readonly topic?: number | undefined };

/** How a message of a task ended. */
export type TaskEnding = { readonly at: number; readonly sent?: { readonly messageId: number; readonly words: Words } };

type Words = { readonly text: unknown; readonly entities: unknown };

/** Which message shows how far a task is, in each chat. All of it is done within the write that calls it. */
export class TaskMessages {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync, bytes: string) {
    this.#sql = prepare(db, bytes);
  }

  placeOf(client: string, taskId: string, { chatId, topic = undefined }: Place, at: number): Placement {
    const known = this.#sql.open.get(client, taskId, chatId, topic ?? null);
    if (known === undefined) {
      const { id } = this.#sql.insert.get(client, taskId, chatId, topic ?? null, at) ?? {};
      return { task: Number(id), edits: null, heldUntil: undefined };
    }
    const task = Number(known.id);
    this.#sql.use.run(at, task);
    const waiting = this.#sql.waiting.get(task);
    if (waiting !== undefined) {
      const event = { id: String(waiting.event_id), client };
      return { replaces: { id: Number(waiting.id), event, bytes: Number(waiting.bytes) } };
    }
    const edits = known.message_id === null ? null : Number(known.message_id);
    const isUnderWay = this.#sql.underWay.get(task) !== undefined;
    return { task, edits, heldUntil: isUnderWay ? never : Number(known.edited_at) + editEveryMs };
  }

  /** The task is over: what comes under its name begins a message of its own. */
  end(client: string, taskId: string): void {
    this.#sql.end.run(client, taskId);
  }

  /** A message of a task ended: the next one may follow. */
  settled(task: number, { at, sent }: TaskEnding): void {
    if (sent !== undefined) this.#sql.shown.run(sent.messageId, fingerprint(sent.words), at, task);
    this.#sql.follow.run(editEveryMs, task);
  }

  /** True when its message shows these words already. */
  isShown(task: number, words: Words): boolean {
    const shown = this.#sql.shownOf.get(task)?.shown;
    return shown instanceof Uint8Array && Buffer.compare(shown, fingerprint(words)) === 0;
  }

  /** Somebody has deleted the message that is edited: a new one takes its place. */
  lost(message: number): void {
    this.#sql.loseMessage.run(message);
    this.#sql.asNew.run(message);
  }

  /** Messages of a chat that became another one are not found there. */
  migrate(from: number, to: number): void {
    this.#sql.asNewIn.run(from);
    this.#sql.migrate.run(to, from);
  }

  /** When the next one that is held may go; undefined when there is none whose time is known. */
  nextHeld(): number | undefined {
    const at = this.#sql.nextHeld.get(never)?.at ?? null;
    return at === null ? undefined : Number(at);
  }

  /** Those whose time has come; they are not held any more. */
  release(at: number): readonly Row[] {
    return this.#sql.release.all(at, BATCH);
  }

  /** What an earlier process left: its clock may have been ahead. */
  recover(now: number): void {
    this.#sql.turnBack.run(now, now);
    this.#sql.dueSoon.run(now + editEveryMs, now + editEveryMs, never);
  }

  /** Forgets tasks of which nothing has been heard for long; true when there may be more. */
  prune(before: number): boolean {
    return this.#sql.prune.run(before, BATCH).changes === BATCH;
  }
}

function fingerprint({ text, entities }: Words): Uint8Array {
  const said = JSON.stringify([text, entities]);
  return createHash("sha256").update(said).digest().subarray(0, 16);
}

function prepare(db: DatabaseSync, bytes: string) {
  const ofTask = "FROM messages INDEXED BY messages_of_task WHERE task = ?";
  return {
    open: db.prepare(
      `SELECT id, message_id, edited_at FROM task_messages INDEXED BY task_messages_open
       WHERE client = ? AND task_id = ? AND chat_id = ? AND topic IS ? AND ended = 0 ORDER BY id DESC LIMIT 1`,
    ),
    insert: db.prepare(
      "INSERT INTO task_messages (client, task_id, chat_id, topic, used_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
    ),
    use: db.prepare("UPDATE task_messages SET used_at = ? WHERE id = ?"),
    end: db.prepare(
      `UPDATE task_messages INDEXED BY task_messages_open SET ended = 1
       WHERE client = ? AND task_id = ? AND ended = 0`,
    ),
    waiting: db.prepare(
      `SELECT id, event_id, ${bytes} AS bytes ${ofTask} AND state = 'pending' ORDER BY id DESC LIMIT 1`,
    ),
    underWay: db.prepare(`SELECT 1 ${ofTask} AND state = 'sending' LIMIT 1`),
    shown: db.prepare("UPDATE task_messages SET message_id = ?, shown = ?, edited_at = ? WHERE id = ?"),
    shownOf: db.prepare("SELECT shown FROM task_messages WHERE id = ?"),
    follow: db.prepare(
      `UPDATE messages INDEXED BY messages_of_task
       SET edits = t.message_id, next_attempt_at = t.edited_at + ?
       FROM task_messages t WHERE messages.task = ? AND messages.held = 1 AND t.id = messages.task`,
    ),
    loseMessage: db.prepare(
      "UPDATE task_messages SET message_id = NULL, shown = NULL WHERE id = (SELECT task FROM messages WHERE id = ?)",
    ),
    asNew: db.prepare("UPDATE messages SET edits = NULL WHERE id = ?"),
    asNewIn: db.prepare(
      `UPDATE messages SET edits = NULL WHERE task IN (SELECT id FROM task_messages WHERE chat_id = ?)
       AND state IN ('pending', 'sending')`,
    ),
    migrate: db.prepare("UPDATE task_messages SET chat_id = ?, message_id = NULL, shown = NULL WHERE chat_id = ?"),
    nextHeld: db.prepare(
      "SELECT min(next_attempt_at) AS at FROM messages INDEXED BY messages_held WHERE held = 1 AND next_attempt_at < ?",
    ),
    release: db.prepare(
      `UPDATE messages SET held = 0, next_attempt_at = 0 WHERE id IN (
         SELECT id FROM messages INDEXED BY messages_held WHERE held = 1 AND next_attempt_at <= ?
         ORDER BY next_attempt_at LIMIT ?)
       RETURNING id, chat_id, client, next_attempt_at, urgent, priority`,
    ),
    turnBack: db.prepare("UPDATE task_messages SET edited_at = ? WHERE edited_at > ?"),
    dueSoon: db.prepare(
      `UPDATE messages INDEXED BY messages_held SET next_attempt_at = ?
       WHERE held = 1 AND next_attempt_at > ? AND next_attempt_at < ?`,
    ),
    prune: db.prepare(
      `DELETE FROM task_messages WHERE id IN (
         SELECT id FROM task_messages t INDEXED BY task_messages_by_age WHERE used_at < ? AND NOT EXISTS (
           SELECT 1 FROM messages m WHERE m.task = t.id AND m.state IN ('pending', 'sending')) LIMIT ?)`,
    ),
  };
}
