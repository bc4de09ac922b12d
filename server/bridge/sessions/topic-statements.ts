import type { DatabaseSync } from "node:sqlite";

/** Every statement of the topics that are made for sessions, prepared once. */
export function prepareTopics(db: DatabaseSync) {
  return {
    // What was refused stands there until there is an answer: the group is not told of it again. Somebody may have deleted a topic.
    want: db.prepare(
      `INSERT INTO made_topics (session, chat_id, at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET state = 'wanted', at = excluded.at WHERE state = 'refused' OR EXISTS (
         SELECT 1 FROM refused_topics r WHERE r.chat_id = made_topics.chat_id AND r.topic = made_topics.topic
           AND (r.error LIKE '%thread not found%' OR r.error LIKE '%TOPIC_DELETED%'))`,
    ),
    next: db.prepare(
      "SELECT session, chat_id FROM made_topics WHERE state IN ('wanted', 'asking') ORDER BY at, rowid LIMIT 1",
    ),
    ask: db.prepare("UPDATE made_topics SET state = 'asking', at = ? WHERE session = ? AND chat_id = ?"),
    settle: db.prepare(
      "UPDATE made_topics SET state = ?, topic = ?, error = ?, at = ? WHERE session = ? AND chat_id = ?",
    ),
    forget: db.prepare("DELETE FROM made_topics WHERE session = ? AND chat_id = ?"),
    made: db.prepare("SELECT topic FROM made_topics WHERE session = ? AND chat_id = ? AND state = 'made'"),
    formerly: db.prepare("SELECT topic FROM made_topics WHERE session = ? AND chat_id = ? AND topic IS NOT NULL"),
    lacksRights: db.prepare("SELECT 1 FROM made_topics WHERE chat_id = ? AND error LIKE '%not enough rights%' LIMIT 1"),
  };
}
