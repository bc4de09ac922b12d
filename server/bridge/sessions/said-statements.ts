import type { DatabaseSync } from "node:sqlite";

/** What of the messages that Telegram has a session has said. */
export function prepareSaid(db: DatabaseSync) {
  return {
    isSaid: db.prepare("SELECT event_id FROM sent_messages WHERE chat_id = ? AND message_id = ? AND session = ?"),
    ofEvent: db.prepare(
      "SELECT message_id FROM sent_messages WHERE client = ? AND event_id IN (?, ?) AND session IS NOT NULL ORDER BY id",
    ),
    lastOfEvent: db.prepare(
      `SELECT message_id FROM sent_messages
       WHERE client = ? AND event_id = ? AND chat_id = ? AND session = ? ORDER BY id DESC LIMIT 1`,
    ),
  };
}
