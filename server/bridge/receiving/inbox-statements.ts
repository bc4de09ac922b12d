import type { DatabaseSync } from "node:sqlite";

/** Every statement of the inbox, prepared once. */
export function prepareInbox(db: DatabaseSync) {
  return { ...progress(db), ...responses(db), ...strangers(db) };
}

function progress(db: DatabaseSync) {
  return {
    next: db.prepare("SELECT next_update, at, webhook FROM receiving WHERE bot_id = ?"),
    goOn: db.prepare(
      `INSERT INTO receiving (bot_id, next_update, at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET next_update = excluded.next_update, at = excluded.at`,
    ),
    setWebhook: db.prepare(
      "INSERT INTO receiving (bot_id, webhook) VALUES (?, ?) ON CONFLICT DO UPDATE SET webhook = excluded.webhook",
    ),
    taken: db.prepare("SELECT at FROM taken_updates WHERE bot_id = ? AND update_id = ?"),
    take: db.prepare("INSERT OR REPLACE INTO taken_updates (bot_id, update_id, at) VALUES (?, ?, ?) RETURNING id"),
    forgetTaken: db.prepare("DELETE FROM taken_updates WHERE id <= ?"),
  };
}

/** What answers no event is for every client; without a client all of them are asked for. */
const asked = `at >= ?1 AND (?2 IS NULL OR client IS NULL OR client = ?2)
   AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR id < ?4)
   AND (?5 IS NULL OR id IN (
     SELECT e.response FROM channel_events e JOIN sessions s ON s.id = e.session
     WHERE s.client = ?2 AND s.name = ?5 AND e.settled_at IS NULL))`;

function responses(db: DatabaseSync) {
  const columns = `id, at, kind, user_id, username, first_name, chat_id, message_id, text, event_id, topic,
    (SELECT name FROM sessions s WHERE s.id = responses.session) AS session`;
  return {
    insertResponse: db.prepare(
      `INSERT INTO responses
         (at, kind, user_id, username, first_name, chat_id, topic, message_id, text, event_id, client, session)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    ),
    dropResponses: db.prepare("DELETE FROM responses WHERE id <= ?"),
    // In order of age: the first ones tell whether there is anything to do.
    dropOldResponses: db.prepare(
      `DELETE FROM responses WHERE id IN (
         SELECT id FROM (SELECT id, at FROM responses ORDER BY id LIMIT ?) WHERE at < ?)`,
    ),
    responses: db.prepare(`SELECT ${columns} FROM responses WHERE ${asked} ORDER BY id DESC LIMIT ?6`),
    countResponses: db.prepare(`SELECT count(*) AS count FROM responses WHERE ${asked}`),
    clearResponses: db.prepare("DELETE FROM responses WHERE at < ?1 AND (client = ?2 OR (?3 AND client IS NULL))"),
    responsesAfter: db.prepare(`SELECT ${columns} FROM responses WHERE id > ? ORDER BY id LIMIT 100`),
    newestResponse: db.prepare("SELECT coalesce(max(id), 0) AS id FROM responses"),
    responsesTo: db.prepare(
      `SELECT ${columns} FROM responses WHERE event_id = ? AND client = ? ORDER BY id DESC LIMIT ?`,
    ),
  };
}

function strangers(db: DatabaseSync) {
  return {
    forgetStrangers: db.prepare("DELETE FROM told_strangers WHERE at <= ?"),
    countStrangers: db.prepare("SELECT count(*) AS count FROM told_strangers"),
    rememberStranger: db.prepare("INSERT OR IGNORE INTO told_strangers (user_id, at) VALUES (?, ?)"),
  };
}

export type InboxStatements = ReturnType<typeof prepareInbox>;
