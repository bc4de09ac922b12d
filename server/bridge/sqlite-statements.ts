import type { DatabaseSync } from "node:sqlite";

const UNDELIVERED = "state IN ('pending', 'sending')";

/** Every statement of the queue, prepared once. */
export function prepare(db: DatabaseSync) {
  return { ...intake(db), ...delivery(db), ...upkeep(db) };
}

function intake(db: DatabaseSync) {
  return {
    insertEvent: db.prepare("INSERT INTO events (event_id, accepted_at, body) VALUES (?, ?, ?)"),
    hasEvent: db.prepare("SELECT 1 FROM events WHERE event_id = ?"),
    countOfEvent: db.prepare("SELECT count(*) AS count FROM messages WHERE event_id = ?"),
    insertMessage: db.prepare(
      "INSERT INTO messages (event_id, chat_id, part, text, entities, created_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    ),
    migratedTo: db.prepare("SELECT to_chat FROM migrated_chats WHERE from_chat = ?"),
  };
}

function delivery(db: DatabaseSync) {
  return {
    begin: db.prepare(
      `UPDATE messages SET state = 'sending', attempts = attempts + 1 WHERE id = ? AND ${UNDELIVERED}
       RETURNING id, event_id, chat_id, part, text, entities, attempts, uncertain, created_at`,
    ),
    sent: db.prepare(
      "UPDATE messages SET state = 'sent', settled_at = ?, telegram_message_id = ?, error = NULL WHERE id = ?",
    ),
    failed: db.prepare("UPDATE messages SET state = 'failed', settled_at = ?, error = ? WHERE id = ?"),
    retry: db.prepare(
      `UPDATE messages SET state = 'pending', next_attempt_at = ?, error = ?, uncertain = uncertain + ?,
       entities = iif(?, NULL, entities) WHERE id = ?`,
    ),
    recordSend: db.prepare("INSERT INTO sends (at, chat_id) SELECT ?, chat_id FROM messages WHERE id = ?"),
    set: db.prepare(
      "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    ),
    rememberMigration: db.prepare(
      "INSERT INTO migrated_chats (from_chat, to_chat) VALUES (?, ?) ON CONFLICT DO UPDATE SET to_chat = excluded.to_chat",
    ),
    moveMessages: db.prepare(`UPDATE messages SET chat_id = ? WHERE chat_id = ? AND ${UNDELIVERED}`),
  };
}

function upkeep(db: DatabaseSync) {
  return {
    recordInterrupted: db.prepare(
      "INSERT INTO sends (at, chat_id) SELECT ?, chat_id FROM messages WHERE state = 'sending'",
    ),
    resumeInterrupted: db.prepare(
      "UPDATE messages SET state = 'pending', uncertain = uncertain + 1 WHERE state = 'sending'",
    ),
    pending: db.prepare(`SELECT id, chat_id, next_attempt_at FROM messages WHERE ${UNDELIVERED} ORDER BY id`),
    sends: db.prepare("SELECT chat_id, at FROM sends ORDER BY at"),
    get: db.prepare("SELECT value FROM settings WHERE name = ?"),
    countPending: db.prepare(`SELECT count(*) AS count FROM messages WHERE ${UNDELIVERED}`),
    countFailed: db.prepare("SELECT count(*) AS count FROM messages WHERE state = 'failed'"),
    oldest: db.prepare(`SELECT created_at FROM messages WHERE ${UNDELIVERED} ORDER BY id LIMIT 1`),
    expired: db.prepare(
      `SELECT event_id FROM events e WHERE accepted_at < ? AND NOT EXISTS (
         SELECT 1 FROM messages m WHERE m.event_id = e.event_id
         AND (m.state IN ('pending', 'sending') OR (m.state = 'failed' AND m.settled_at >= ?) OR m.settled_at >= ?))
       ORDER BY accepted_at LIMIT ?`,
    ),
    deleteMessages: db.prepare("DELETE FROM messages WHERE event_id = ?"),
    deleteEvent: db.prepare("DELETE FROM events WHERE event_id = ?"),
    deleteSends: db.prepare("DELETE FROM sends WHERE at < ?"),
    fill: db.prepare("INSERT INTO probe (filler) VALUES (zeroblob(?))"),
    empty: db.prepare("DELETE FROM probe"),
  };
}
