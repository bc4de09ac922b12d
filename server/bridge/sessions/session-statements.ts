import type { DatabaseSync } from "node:sqlite";

/** Every statement of the sessions, prepared once. */
export function prepareSessions(db: DatabaseSync) {
  return {
    byRow: db.prepare("SELECT * FROM sessions WHERE id = ?"),
    named: db.prepare("SELECT * FROM sessions WHERE client = ? AND name = ?"),
    ofClient: db.prepare("SELECT * FROM sessions WHERE client = ? ORDER BY name"),
    count: db.prepare("SELECT count(*) AS count FROM sessions WHERE client = ?"),
    newest: db.prepare("SELECT * FROM sessions ORDER BY heard_at DESC, id DESC LIMIT ?"),
    calledSo: db.prepare("SELECT * FROM sessions WHERE lower(name) = lower(?) ORDER BY client LIMIT 10"),
    insert: db.prepare(
      "INSERT INTO sessions (client, name, registered_at, heard_at) VALUES (?1, ?2, ?3, ?3) RETURNING *",
    ),
    hold: db.prepare(
      "UPDATE sessions SET holder = ?, generation = ?, held_until = ?, heard_at = ? WHERE id = ? RETURNING *",
    ),
    release: db.prepare("UPDATE sessions SET holder = NULL, held_until = 0, heard_at = ? WHERE id = ?"),
    endedBetween: db.prepare("SELECT * FROM sessions WHERE holder IS NOT NULL AND held_until > ? AND held_until <= ?"),
    nextEnd: db.prepare("SELECT min(held_until) AS at FROM sessions WHERE holder IS NOT NULL AND held_until > ?"),
    old: db.prepare("SELECT id FROM sessions WHERE heard_at < ? ORDER BY heard_at LIMIT ?"),
    delete: db.prepare("DELETE FROM sessions WHERE id = ?"),
    deleteBindings: db.prepare("DELETE FROM bindings WHERE session = ?"),
    deleteTopics: db.prepare("DELETE FROM made_topics WHERE session = ?"),
    deleteEvents: db.prepare("DELETE FROM channel_events WHERE session = ?"),
    deleteAttachments: db.prepare("DELETE FROM attachments WHERE session = ?"),
  };
}
