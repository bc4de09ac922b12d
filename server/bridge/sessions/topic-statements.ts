import type { DatabaseSync } from "node:sqlite";

/** Every statement of the topics that are made for sessions, prepared once. */
export function prepareTopics(db: DatabaseSync) {
  return {
    want: db.prepare("INSERT OR IGNORE INTO made_topics (session, chat_id, at) VALUES (?, ?, ?)"),
    next: db.prepare(
      "SELECT session, chat_id FROM made_topics WHERE state IN ('wanted', 'asking') ORDER BY at, rowid LIMIT 1",
    ),
    settle: db.prepare(
      "UPDATE made_topics SET state = ?, topic = ?, error = ?, at = ? WHERE session = ? AND chat_id = ?",
    ),
    forget: db.prepare("DELETE FROM made_topics WHERE session = ? AND chat_id = ?"),
    made: db.prepare("SELECT topic FROM made_topics WHERE session = ? AND chat_id = ? AND state = 'made'"),
    refusedIn: db.prepare("SELECT 1 FROM made_topics WHERE chat_id = ? AND state = 'refused' LIMIT 1"),
  };
}
