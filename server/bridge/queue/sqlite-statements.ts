import type { DatabaseSync } from "node:sqlite";

const UNDELIVERED = "state IN ('pending', 'sending')";
export const BYTES =
  "octet_length(text) + coalesce(octet_length(entities), 0) + coalesce(octet_length(keyboard), 0) + file_bytes";

/** Every statement of the queue, prepared once. */
export function prepare(db: DatabaseSync) {
  const others = { ...events(db), ...keyboards(db), ...deadLetters(db), ...files(db), ...upkeep(db) };
  return { ...intake(db), ...delivery(db), ...others };
}

function intake(db: DatabaseSync) {
  return {
    insertEvent: db.prepare(
      `INSERT INTO events
          (event_id, client, accepted_at, messages, muted, called_at, request_id, trace_id, content, session, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    growEvent: db.prepare(
      "UPDATE events SET messages = messages + 1, ended_at = NULL WHERE event_id = ? AND client = ?",
    ),
    messagesOfEvent: db.prepare("SELECT messages, muted FROM events WHERE event_id = ? AND client = ?"),
    eventOfContent: db.prepare(
      `SELECT event_id, messages, muted FROM events INDEXED BY events_by_content
       WHERE client = ? AND content = ? AND accepted_at > ? ORDER BY accepted_at DESC LIMIT 1`,
    ),
    insertMessage: db.prepare(
      `INSERT INTO messages
         (event_id, client, chat_id, topic, public_name, part, text, entities, keyboard, edits, weight, priority,
          reply_to, created_at, expires_at, task, held, next_attempt_at, file, file_kind, file_bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    ),
    replaceMessage: db.prepare(
      `UPDATE messages SET event_id = ?, part = ?, text = ?, entities = ?, weight = ?, created_at = ?, expires_at = ?,
       failures = 0 WHERE id = ?`,
    ),
    // Beside a keyboard it is the bridge's own edit, of an approval.
    waitingEdit: db.prepare(
      `SELECT id, ${BYTES} AS bytes FROM messages WHERE client = '' AND event_id = '' AND chat_id = ? AND edits = ?
       AND state = 'pending' AND keyboard IS NULL ORDER BY id DESC LIMIT 1`,
    ),
    changeEdit: db.prepare("UPDATE messages SET text = ?, entities = ? WHERE id = ?"),
    hurry: db.prepare("UPDATE messages SET urgent = 1 WHERE id = ?"),
    countUrgent: db.prepare("SELECT count(*) AS count FROM messages WHERE urgent = 1 AND chat_id = ?"),
  };
}

function delivery(db: DatabaseSync) {
  return {
    begin: db.prepare(
      `UPDATE messages SET state = 'sending', attempts = attempts + 1 WHERE id = ? AND ${UNDELIVERED}
       RETURNING id, event_id, client, chat_id, topic, public_name, part, text, entities, keyboard, edits, weight,
         reply_to, attempts, failures, uncertain, created_at, expires_at, task, file, file_kind`,
    ),
    delivered: db.prepare(
      `DELETE FROM messages WHERE id = ?
       RETURNING event_id, client, chat_id, topic, keyboard, uncertain, expires_at, task, text, entities,
         ${BYTES} AS bytes`,
    ),
    keepRest: db.prepare(
      `UPDATE messages INDEXED BY messages_by_event SET expires_at = NULL
       WHERE event_id = ? AND client = ? AND chat_id = ?`,
    ),
    failed: db.prepare(
      `UPDATE messages SET state = 'failed', settled_at = ?, error = ? WHERE id = ?
       RETURNING event_id, client, chat_id, task, ${BYTES} AS bytes`,
    ),
    dropOldFailures: db.prepare(
      `DELETE FROM messages WHERE id IN (
         SELECT id FROM messages WHERE state = 'failed' AND client = ? ORDER BY id DESC LIMIT -1 OFFSET ?)`,
    ),
    rememberSent: db.prepare(
      `INSERT OR REPLACE INTO sent_messages (chat_id, message_id, event_id, client, at, session)
       VALUES (?1, ?2, ?3, ?4, ?5, (SELECT session FROM events WHERE event_id = ?3 AND client = ?4)) RETURNING id`,
    ),
    forgetSent: db.prepare("DELETE FROM sent_messages WHERE id <= ?"),
    refuseChat: db.prepare(
      `INSERT INTO refused_chats (chat_id, error, messages, at) VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE
       SET error = excluded.error, messages = messages + 1, at = excluded.at RETURNING messages`,
    ),
    acceptChat: db.prepare("DELETE FROM refused_chats WHERE chat_id = ?"),
    retry: db.prepare(
      `UPDATE messages SET state = 'pending', next_attempt_at = ?, error = ?, uncertain = uncertain + ?,
       failures = failures + ?, entities = iif(?, NULL, entities) WHERE id = ?`,
    ),
    asDocument: db.prepare("UPDATE messages SET file_kind = 'document' WHERE id = ? AND file IS NOT NULL"),
    topicOf: db.prepare("SELECT chat_id, topic FROM messages WHERE id = ?"),
    leaveTopic: db.prepare("UPDATE messages SET topic = NULL WHERE id = ?"),
    refuseTopic: db.prepare(
      `INSERT INTO refused_topics (chat_id, topic, error, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET error = excluded.error, at = excluded.at`,
    ),
    acceptTopic: db.prepare("DELETE FROM refused_topics WHERE chat_id = ? AND topic = ?"),
    recordSend: db.prepare("INSERT INTO sends (at, chat_id) SELECT ?, chat_id FROM messages WHERE id = ?"),
    set: db.prepare(
      "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    ),
    rememberMigration: db.prepare(
      "INSERT INTO migrated_chats (from_chat, to_chat) VALUES (?, ?) ON CONFLICT DO UPDATE SET to_chat = excluded.to_chat",
    ),
    rememberChain: db.prepare("UPDATE migrated_chats SET to_chat = ? WHERE to_chat = ?"),
    moveMessages: db.prepare(
      `UPDATE messages INDEXED BY messages_waiting SET chat_id = ? WHERE chat_id = ? AND ${UNDELIVERED}`,
    ),
    // A group that became another kind of group has other messages under the same ids: what was to change one is a new one there.
    detach: db.prepare(
      `UPDATE messages INDEXED BY messages_waiting SET keyboard = iif(edits IS NULL, keyboard, NULL), edits = NULL,
       reply_to = NULL WHERE chat_id = ? AND ${UNDELIVERED}`,
    ),
    bindingIn: db.prepare("SELECT 1 FROM bindings WHERE chat_id = ? LIMIT 1"),
    moveBindings: db.prepare("UPDATE OR IGNORE bindings SET chat_id = ? WHERE chat_id = ?"),
    forgetBindings: db.prepare("DELETE FROM bindings WHERE chat_id = ?"),
    moveChannelEvents: db.prepare(
      `UPDATE channel_events SET chat_id = ?1, message_id = NULL, meta = json_remove(
         json_set(meta, '$.chat_id', CAST(CAST(?1 AS INTEGER) AS TEXT)), '$.message_id', '$.reply_to_message_id') WHERE chat_id = ?2`,
    ),
    // It may have topics now.
    moveTopics: db.prepare(
      `UPDATE OR REPLACE made_topics SET chat_id = ?, state = iif(state = 'made', state, 'wanted') WHERE chat_id = ?`,
    ),
  };
}

function events(db: DatabaseSync) {
  const ofEvent = "FROM messages INDEXED BY messages_by_event WHERE event_id = ?1 AND client = ?2";
  return {
    settleEvent: db.prepare(
      `UPDATE events SET settled_at = ?3, refused = refused + ?4, muted = muted + ?5, expired = expired + ?6,
          replaced = replaced + ?7, ended_at = iif(EXISTS (SELECT 1 ${ofEvent} AND ${UNDELIVERED}), NULL, ?3)
        WHERE event_id = ?1 AND client = ?2 RETURNING messages, refused, muted, expired, replaced, ended_at`,
    ),
    event: db.prepare(
      `SELECT client, accepted_at, settled_at, messages, refused, muted, expired, replaced FROM events
       WHERE event_id = ?1 AND (?2 IS NULL OR client = ?2) ORDER BY accepted_at DESC LIMIT 1`,
    ),
    waitingOfEvent: db.prepare(
      `SELECT chat_id, error, count(*) OVER () AS count ${ofEvent} AND ${UNDELIVERED} ORDER BY id LIMIT 20`,
    ),
    eventOfMessage: db.prepare(
      "SELECT event_id, client, session FROM sent_messages WHERE chat_id = ? AND message_id = ?",
    ),
    // Of the columns beside max() SQLite gives those of the row that has it.
    refusalsOfEvent: db.prepare(
      `SELECT chat_id, error, max(settled_at) AS at ${ofEvent} AND state = 'failed'
       GROUP BY chat_id ORDER BY at DESC, chat_id LIMIT 20`,
    ),
  };
}

function deadLetters(db: DatabaseSync) {
  return {
    deadLetters: db.prepare(
      `SELECT id, event_id, client, chat_id, error, settled_at FROM messages INDEXED BY messages_failed
       WHERE state = 'failed' AND (?1 IS NULL OR client = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3`,
    ),
    deadLetter: db.prepare(
      `SELECT event_id, client, chat_id, next_attempt_at, priority, ${BYTES} AS bytes FROM messages
       WHERE id = ?1 AND state = 'failed' AND (?2 IS NULL OR client = ?2)`,
    ),
    revive: db.prepare(
      // One that showed how far a task was comes by itself: what it was to edit may show more by now.
      `UPDATE messages SET state = 'pending', chat_id = ?, next_attempt_at = 0, settled_at = NULL, error = NULL,
       failures = 0, expires_at = NULL, edits = iif(task IS NULL, edits, NULL), task = NULL WHERE id = ?`,
    ),
    // Whether all are settled is asked of the messages; the time of the last settlement is told only when they are.
    unrefuseEvent: db.prepare(
      "UPDATE events SET refused = max(0, refused - 1), ended_at = NULL WHERE event_id = ? AND client = ?",
    ),
    discard: db.prepare(
      `DELETE FROM messages WHERE id = ?1 AND state = 'failed' AND (?2 IS NULL OR client = ?2)
       RETURNING event_id, client`,
    ),
  };
}

function files(db: DatabaseSync) {
  return {
    insertFile: db.prepare("INSERT INTO files (name, media_type, bytes) VALUES (?, ?, ?) RETURNING id"),
    file: db.prepare("SELECT name, media_type, bytes FROM files WHERE id = ?"),
    // They take far more room than texts.
    dropOldFiles: db.prepare(
      `DELETE FROM messages WHERE id IN (
         SELECT id FROM messages WHERE state = 'failed' AND client = ? AND file IS NOT NULL
         ORDER BY id DESC LIMIT -1 OFFSET ?)`,
    ),
  };
}

function keyboards(db: DatabaseSync) {
  return {
    keepKeyboard: db.prepare(
      "INSERT OR IGNORE INTO keyboards (event_id, client, chat_id, message_id, copies) VALUES (?, ?, ?, ?, ?)",
    ),
    keyboards: db.prepare("SELECT chat_id, message_id, copies FROM keyboards WHERE event_id = ? AND client = ?"),
    forgetKeyboards: db.prepare("DELETE FROM keyboards WHERE event_id = ? AND client = ?"),
    eventsWithKeyboards: db.prepare("SELECT DISTINCT event_id, client FROM keyboards"),
    // Under way, or sent again after a request whose end nobody knows.
    mayHaveCome: db.prepare(
      `SELECT 1 FROM messages INDEXED BY messages_by_event WHERE event_id = ?1 AND client = ?2 AND chat_id = ?3
         AND keyboard IS NOT NULL AND (state = 'sending' OR uncertain > 0)
       UNION ALL
       SELECT 1 FROM keyboards WHERE event_id = ?1 AND client = ?2 AND chat_id = ?3 AND copies > 0 LIMIT 1`,
    ),
    forgetKeyboard: db.prepare(
      "DELETE FROM keyboards WHERE event_id = ? AND client = ? AND chat_id = ? AND message_id = ?",
    ),
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
    pending: db.prepare(
      `SELECT id, chat_id, client, next_attempt_at, urgent, priority FROM messages
       WHERE ${UNDELIVERED} AND held = 0 ORDER BY id`,
    ),
    expiredMessages: db.prepare(
      `SELECT id, event_id, client, chat_id, topic, public_name, part, text, entities, keyboard, edits, weight,
         reply_to, attempts + 1 AS attempts, failures, uncertain, created_at, expires_at, task, next_attempt_at, urgent,
         priority
       FROM messages WHERE expires_at <= ? AND state = 'pending' AND uncertain = 0 ORDER BY expires_at LIMIT 200`,
    ),
    isExpired: db.prepare("SELECT 1 FROM messages WHERE id = ? AND expires_at <= ?"),
    waitingNow: db.prepare(
      `SELECT id, chat_id, client, next_attempt_at, urgent, priority FROM messages
       WHERE id = ? AND state = 'pending' AND held = 0`,
    ),
    sends: db.prepare("SELECT chat_id, at FROM sends ORDER BY at"),
    get: db.prepare("SELECT value FROM settings WHERE name = ?"),
    loads: db.prepare(
      `SELECT client, count(*) AS messages, sum(${BYTES}) AS bytes FROM messages WHERE ${UNDELIVERED} GROUP BY client`,
    ),
    refusedChats: db.prepare("SELECT chat_id, error, messages, at FROM refused_chats"),
    refusedTopics: db.prepare("SELECT chat_id, topic, error, at FROM refused_topics"),
    migrations: db.prepare("SELECT from_chat, to_chat FROM migrated_chats"),
    countFailed: db.prepare("SELECT count(*) AS count FROM messages WHERE state = 'failed'"),
    oldest: db.prepare(`SELECT created_at FROM messages WHERE ${UNDELIVERED} ORDER BY id LIMIT 1`),
    deleteFailures: db.prepare(
      `DELETE FROM messages WHERE id IN (
         SELECT id FROM messages WHERE state = 'failed' AND settled_at < ? LIMIT ?)`,
    ),
    expired: db.prepare(
      `SELECT event_id, client FROM events e INDEXED BY events_ended WHERE ended_at < ?
       AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.event_id = e.event_id AND m.client = e.client)
       ORDER BY ended_at LIMIT ?`,
    ),
    // They are in order of age, so that the first ones tell whether there is anything to do.
    forgetOldSent: db.prepare(
      `DELETE FROM sent_messages WHERE id IN (
         SELECT id FROM (SELECT id, at FROM sent_messages ORDER BY id LIMIT ?) WHERE at < ?)`,
    ),
    deleteEvent: db.prepare("DELETE FROM events WHERE event_id = ? AND client = ?"),
    deleteSends: db.prepare("DELETE FROM sends WHERE at < ?"),
  };
}
