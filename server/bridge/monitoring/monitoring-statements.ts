import type { DatabaseSync } from "node:sqlite";
import { minuteColumns } from "./minutes.ts";

/** Every statement of the monitoring room, prepared once. What is listed is read from an end of an index, never as a whole. */
export function prepareMonitoring(db: DatabaseSync) {
  return { ...minutes(db), ...journal(db), ...newest(db), ...ofEvent(db) };
}

function minutes(db: DatabaseSync) {
  const places = minuteColumns.map(() => "?").join(", ");
  return {
    minutes: db.prepare(`SELECT ${minuteColumns.join(", ")} FROM monitoring_minutes WHERE minute BETWEEN ? AND ?`),
    keepMinute: db.prepare(
      `INSERT OR REPLACE INTO monitoring_minutes (${minuteColumns.join(", ")}) VALUES (${places})`,
    ),
    // A clock that was set back left rows of a time that is still to come.
    forgetMinutes: db.prepare("DELETE FROM monitoring_minutes WHERE minute < ? OR minute > ?"),
  };
}

function journal(db: DatabaseSync) {
  return {
    note: db.prepare(
      `INSERT INTO journal (at, kind, event_id, client, chat_id, message, detail) VALUES (?, ?, ?, ?, ?, ?, ?)
       RETURNING id`,
    ),
    forgetNotes: db.prepare(
      `DELETE FROM journal WHERE id IN (SELECT id FROM (SELECT id, at FROM journal ORDER BY id LIMIT ?1) WHERE at < ?2)`,
    ),
    forgetNotesUpTo: db.prepare("DELETE FROM journal WHERE id <= ?"),
    /** What was last done with a message that had been refused. */
    fate: db.prepare(
      `SELECT kind, event_id, client FROM journal
       WHERE message = ? AND kind IN ('dead_letter_retried', 'dead_letter_dropped') ORDER BY id DESC LIMIT 1`,
    ),
  };
}

function newest(db: DatabaseSync) {
  return {
    newestNotes: db.prepare("SELECT at, kind, event_id, client, chat_id, detail FROM journal ORDER BY id DESC LIMIT ?"),
    newestEvents: db.prepare(
      "SELECT accepted_at AS at, event_id, client, messages, muted FROM events ORDER BY accepted_at DESC LIMIT ?",
    ),
    newestSent: db.prepare("SELECT at, event_id, client, chat_id FROM sent_messages ORDER BY id DESC LIMIT ?"),
    newestReplies: db.prepare(
      "SELECT at, event_id, client, kind, username, first_name FROM responses ORDER BY id DESC LIMIT ?",
    ),
    newestApprovals: db.prepare(
      "SELECT created_at, ended_at, approval_id, client, state FROM approvals ORDER BY id DESC LIMIT ?",
    ),
  };
}

function ofEvent(db: DatabaseSync) {
  return {
    call: db.prepare("SELECT called_at, request_id, trace_id FROM events WHERE client = ? AND event_id = ?"),
    notesOfEvent: db.prepare(
      `SELECT at, kind, chat_id, detail FROM journal WHERE client = ? AND event_id = ? ORDER BY id LIMIT ?`,
    ),
    // At most 50,000 rows, and somebody asks for it by hand: an index would cost every delivery a write.
    sentOfEvent: db.prepare(
      "SELECT at, chat_id, message_id FROM sent_messages WHERE client = ? AND event_id = ? ORDER BY id LIMIT ?",
    ),
    repliesOfEvent: db.prepare(
      `SELECT at, event_id, client, kind, username, first_name FROM responses
       WHERE event_id = ? AND client = ? ORDER BY id LIMIT ?`,
    ),
    waitingOfEvent: db.prepare(
      `SELECT chat_id, created_at FROM messages INDEXED BY messages_by_event
       WHERE event_id = ?2 AND client = ?1 AND state IN ('pending', 'sending') ORDER BY id LIMIT ?3`,
    ),
  };
}
