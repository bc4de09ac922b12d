import type { DatabaseSync } from "node:sqlite";

/** Schema changes in order: the n-th brings `user_version` to n. Never edit one that was released; append. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE events (
     event_id TEXT PRIMARY KEY,
     accepted_at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX events_by_age ON events (accepted_at);
   CREATE TABLE messages (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     event_id TEXT NOT NULL,
     chat_id INTEGER NOT NULL,
     part INTEGER NOT NULL,
     text TEXT NOT NULL,
     entities TEXT,
     state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
     attempts INTEGER NOT NULL DEFAULT 0,
     next_attempt_at INTEGER NOT NULL DEFAULT 0,
     created_at INTEGER NOT NULL,
     settled_at INTEGER,
     telegram_message_id INTEGER,
     error TEXT,
     uncertain INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX messages_undelivered ON messages (id) WHERE state IN ('pending', 'sending');
   CREATE INDEX messages_failed ON messages (id) WHERE state = 'failed';
   CREATE INDEX messages_by_event ON messages (event_id);
   CREATE TABLE sends (at INTEGER NOT NULL, chat_id INTEGER NOT NULL) STRICT;
   CREATE INDEX sends_by_age ON sends (at);
   CREATE TABLE migrated_chats (from_chat INTEGER PRIMARY KEY, to_chat INTEGER NOT NULL) STRICT;
   CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
   CREATE TABLE probe (filler BLOB NOT NULL) STRICT;`,
  // What nobody reads is not stored: the events' bodies, and messages that arrived.
  `ALTER TABLE messages ADD COLUMN client TEXT NOT NULL DEFAULT 'unknown';
   ALTER TABLE messages DROP COLUMN telegram_message_id;
   ALTER TABLE events DROP COLUMN body;
   ALTER TABLE events ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE events ADD COLUMN settled_at INTEGER;
   UPDATE events SET (messages, settled_at) =
     (SELECT count(*), max(m.settled_at) FROM messages m WHERE m.event_id = events.event_id);
   CREATE TABLE refused_chats (
     chat_id INTEGER PRIMARY KEY, error TEXT NOT NULL, messages INTEGER NOT NULL, at INTEGER NOT NULL
   ) STRICT;
   INSERT INTO refused_chats (chat_id, error, messages, at)
     SELECT chat_id, coalesce(error, ''), count(*), max(settled_at) FROM messages f
     WHERE state = 'failed' AND settled_at IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM messages s WHERE s.chat_id = f.chat_id AND s.state = 'sent' AND s.settled_at > f.settled_at)
     GROUP BY chat_id;
   DELETE FROM messages WHERE state = 'sent';
   DROP INDEX messages_failed;
   CREATE INDEX messages_failed ON messages (client, id) WHERE state = 'failed';`,
  // Whose an event is and how much of it was refused, also when its messages are gone.
  `ALTER TABLE events ADD COLUMN client TEXT NOT NULL DEFAULT 'unknown';
   ALTER TABLE events ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
   UPDATE events SET (client, refused) =
     (SELECT max(m.client), sum(m.state = 'failed') FROM messages m WHERE m.event_id = events.event_id)
     WHERE event_id IN (SELECT event_id FROM messages);`,
  // What people say: which message of the bot they answer, what was taken already, and from where to go on.
  `CREATE TABLE sent_messages (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     chat_id INTEGER NOT NULL,
     message_id INTEGER NOT NULL,
     event_id TEXT NOT NULL,
     client TEXT NOT NULL,
     at INTEGER NOT NULL,
     UNIQUE (chat_id, message_id)
   ) STRICT;
   CREATE TABLE receiving (
     bot_id INTEGER PRIMARY KEY,
     next_update INTEGER NOT NULL DEFAULT 0,
     at INTEGER NOT NULL DEFAULT 0,
     webhook TEXT
   ) STRICT;
   CREATE TABLE taken_updates (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     bot_id INTEGER NOT NULL,
     update_id INTEGER NOT NULL,
     at INTEGER NOT NULL,
     UNIQUE (bot_id, update_id)
   ) STRICT;
   CREATE TABLE responses (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     at INTEGER NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('text', 'other', 'click')),
     user_id INTEGER NOT NULL,
     username TEXT,
     first_name TEXT,
     chat_id INTEGER NOT NULL,
     message_id INTEGER,
     text TEXT NOT NULL,
     event_id TEXT,
     client TEXT
   ) STRICT;
   CREATE INDEX responses_by_event ON responses (event_id, id) WHERE event_id IS NOT NULL;
   CREATE TABLE told_strangers (user_id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;`,
  // Buttons under messages, messages that take the place of others, and what people are asked to decide.
  `ALTER TABLE messages ADD COLUMN keyboard TEXT;
   ALTER TABLE messages ADD COLUMN edits INTEGER;
   CREATE TABLE keyboards (
     event_id TEXT NOT NULL,
     client TEXT NOT NULL,
     chat_id INTEGER NOT NULL,
     message_id INTEGER NOT NULL,
     copies INTEGER NOT NULL,
     PRIMARY KEY (client, event_id, chat_id, message_id)
   ) STRICT;
   CREATE TABLE approvals (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     approval_id TEXT NOT NULL,
     client TEXT NOT NULL,
     title TEXT NOT NULL,
     options TEXT NOT NULL,
     approvers TEXT NOT NULL,
     required INTEGER NOT NULL,
     on_timeout TEXT NOT NULL CHECK (on_timeout IN ('expire', 'deny')),
     request TEXT NOT NULL,
     secret BLOB NOT NULL,
     text TEXT NOT NULL,
     entities TEXT NOT NULL,
     state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'decided', 'expired', 'withdrawn')),
     option INTEGER,
     reason TEXT CHECK (reason IN ('votes', 'disagreement', 'timeout')),
     created_at INTEGER NOT NULL,
     expires_at INTEGER NOT NULL,
     ended_at INTEGER,
     UNIQUE (client, approval_id)
   ) STRICT;
   CREATE INDEX approvals_pending ON approvals (expires_at) WHERE state = 'pending';
   CREATE INDEX approvals_by_id ON approvals (approval_id);
   CREATE TABLE votes (
     approval INTEGER NOT NULL,
     user_id INTEGER NOT NULL,
     username TEXT,
     first_name TEXT,
     option INTEGER NOT NULL,
     at INTEGER NOT NULL,
     PRIMARY KEY (approval, user_id)
   ) STRICT;
   CREATE TABLE approval_records (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     approval INTEGER NOT NULL,
     at INTEGER NOT NULL,
     what TEXT NOT NULL,
     user_id INTEGER,
     chat_id INTEGER,
     message_id INTEGER,
     option INTEGER
   ) STRICT;
   CREATE INDEX approval_records_by_approval ON approval_records (approval, id);
   CREATE TABLE webhook_calls (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     body TEXT NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0,
     next_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX webhook_calls_by_time ON webhook_calls (next_at, id);`,
  // Whether delivery is stopped, who wants to hear what, and what was not sent because of that.
  `CREATE TABLE delivery_pause (
     id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL, client TEXT NOT NULL
   ) STRICT;
   CREATE TABLE attention (
     user_id INTEGER PRIMARY KEY,
     mode TEXT NOT NULL DEFAULT 'nomad' CHECK (mode IN ('local', 'nomad', 'muted')),
     quiet_hours TEXT,
     time_zone TEXT,
     set_by TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT;
   ALTER TABLE messages ADD COLUMN weight TEXT NOT NULL DEFAULT 'ordinary';
   ALTER TABLE events ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;`,
  // Topics of groups, and chats of which only the public name is known.
  `ALTER TABLE messages ADD COLUMN topic INTEGER;
   ALTER TABLE messages ADD COLUMN public_name TEXT;
   CREATE TABLE refused_topics (
     chat_id INTEGER NOT NULL, topic INTEGER NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL,
     UNIQUE (chat_id, topic)
   ) STRICT;`,
  // What clients register, and answers to commands, which go before everything that waits.
  `CREATE TABLE todo_sessions (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     client TEXT NOT NULL,
     session TEXT NOT NULL,
     at INTEGER NOT NULL,
     todos TEXT NOT NULL,
     UNIQUE (client, session)
   ) STRICT;
   ALTER TABLE messages ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX messages_urgent ON messages (chat_id) WHERE urgent = 1;`,
  // Ids of events are each client's own.
  `CREATE TABLE events_of_clients (
     event_id TEXT NOT NULL,
     client TEXT NOT NULL DEFAULT 'unknown',
     accepted_at INTEGER NOT NULL,
     messages INTEGER NOT NULL DEFAULT 0,
     settled_at INTEGER,
     refused INTEGER NOT NULL DEFAULT 0,
     muted INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (client, event_id)
   ) STRICT;
   INSERT INTO events_of_clients (event_id, client, accepted_at, messages, settled_at, refused, muted)
     SELECT event_id, client, accepted_at, messages, settled_at, refused, muted FROM events;
   DROP TABLE events;
   ALTER TABLE events_of_clients RENAME TO events;
   CREATE INDEX events_by_age ON events (accepted_at);
   CREATE INDEX events_by_id ON events (event_id, accepted_at);`,
  // What people who operate it look at: the last hours, what happened beside the usual, and which call an event is of.
  `ALTER TABLE events ADD COLUMN called_at INTEGER;
   ALTER TABLE events ADD COLUMN request_id TEXT;
   ALTER TABLE events ADD COLUMN trace_id TEXT;
   CREATE TABLE monitoring_minutes (
     minute INTEGER PRIMARY KEY,
     accepted INTEGER NOT NULL,
     delivered INTEGER NOT NULL,
     refused INTEGER NOT NULL,
     retries INTEGER NOT NULL,
     delivery_ms INTEGER NOT NULL,
     slowest_ms INTEGER NOT NULL,
     signature_failures INTEGER NOT NULL,
     pending INTEGER NOT NULL,
     oldest_ms INTEGER NOT NULL,
     servers_told INTEGER NOT NULL,
     requests INTEGER NOT NULL,
     errors INTEGER NOT NULL,
     limited INTEGER NOT NULL,
     unauthenticated INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE journal (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     at INTEGER NOT NULL,
     kind TEXT NOT NULL,
     event_id TEXT,
     client TEXT,
     chat_id INTEGER,
     message INTEGER,
     detail TEXT
   ) STRICT;
   CREATE INDEX journal_by_event ON journal (client, event_id, id) WHERE event_id IS NOT NULL;
   CREATE INDEX journal_by_message ON journal (message, id) WHERE message IS NOT NULL;`,
  // Which goes first, until when it is worth sending, and how often that failed; an event that says what another one has said is told from it.
  `ALTER TABLE messages ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal'
     CHECK (priority IN ('urgent', 'normal', 'bulk'));
   ALTER TABLE messages ADD COLUMN expires_at INTEGER;
   ALTER TABLE messages ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX messages_expiring ON messages (expires_at) WHERE expires_at IS NOT NULL;
   ALTER TABLE events ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE events ADD COLUMN content BLOB;
   CREATE INDEX events_by_content ON events (client, content, accepted_at) WHERE content IS NOT NULL;`,
  // Sessions that people talk to, where, what waits for them, and who may talk besides those of the configuration.
  `CREATE TABLE sessions (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     client TEXT NOT NULL,
     name TEXT NOT NULL,
     registered_at INTEGER NOT NULL,
     heard_at INTEGER NOT NULL,
     holder TEXT,
     generation INTEGER NOT NULL DEFAULT 0,
     held_until INTEGER NOT NULL DEFAULT 0,
     UNIQUE (client, name)
   ) STRICT;
   CREATE TABLE bindings (
     chat_id INTEGER NOT NULL,
     topic INTEGER NOT NULL DEFAULT 0,
     session INTEGER NOT NULL,
     bound_by INTEGER NOT NULL,
     at INTEGER NOT NULL,
     made INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (chat_id, topic)
   ) STRICT;
   CREATE INDEX bindings_by_session ON bindings (session);
   CREATE TABLE made_topics (
     session INTEGER NOT NULL,
     chat_id INTEGER NOT NULL,
     topic INTEGER,
     state TEXT NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'asking', 'made', 'refused')),
     error TEXT,
     at INTEGER NOT NULL,
     PRIMARY KEY (session, chat_id)
   ) STRICT;
   CREATE TABLE channel_events (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     session INTEGER NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('message', 'verdict')),
     for_holder TEXT,
     at INTEGER NOT NULL,
     chat_id INTEGER,
     message_id INTEGER,
     content TEXT NOT NULL,
     meta TEXT NOT NULL,
     response INTEGER,
     first_handed INTEGER,
     handed INTEGER,
     handed_at INTEGER,
     settled_at INTEGER,
     ending TEXT CHECK (ending IN ('read', 'written', 'pulled', 'dropped'))
   ) STRICT;
   CREATE INDEX channel_events_open ON channel_events (session, id) WHERE settled_at IS NULL;
   CREATE INDEX channel_events_by_chat ON channel_events (session, chat_id);
   CREATE INDEX channel_events_by_response ON channel_events (response) WHERE response IS NOT NULL;
   CREATE TABLE attachments (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     session INTEGER NOT NULL,
     file_id TEXT NOT NULL,
     name TEXT NOT NULL,
     mime TEXT,
     size INTEGER,
     at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE pairings (
     user_id INTEGER PRIMARY KEY,
     username TEXT,
     first_name TEXT,
     code TEXT NOT NULL UNIQUE,
     told INTEGER NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE paired_people (
     user_id INTEGER PRIMARY KEY,
     username TEXT,
     first_name TEXT,
     code TEXT NOT NULL,
     confirmed_by TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT;
   ALTER TABLE events ADD COLUMN session INTEGER;
   ALTER TABLE sent_messages ADD COLUMN session INTEGER;
   CREATE INDEX sent_messages_of_sessions ON sent_messages (client, event_id) WHERE session IS NOT NULL;
   ALTER TABLE messages ADD COLUMN reply_to INTEGER;
   ALTER TABLE responses ADD COLUMN topic INTEGER;
   ALTER TABLE responses ADD COLUMN session INTEGER;
   ALTER TABLE approvals ADD COLUMN session INTEGER;
   ALTER TABLE approvals ADD COLUMN holder TEXT;
   ALTER TABLE approvals ADD COLUMN code TEXT;
   ALTER TABLE approvals ADD COLUMN details TEXT;
   ALTER TABLE approvals ADD COLUMN note TEXT CHECK (note IN ('terminal', 'left', 'unheard'));
   CREATE INDEX approvals_by_code ON approvals (code) WHERE code IS NOT NULL;`,
  // Messages that show how far a task is, each in its place; one that is held waits for the one before it, or for its time.
  // Photos and documents, which are there as long as a message has them.
  `CREATE TABLE task_messages (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     client TEXT NOT NULL,
     task_id TEXT NOT NULL,
     chat_id INTEGER NOT NULL,
     topic INTEGER,
     message_id INTEGER,
     shown BLOB,
     edited_at INTEGER NOT NULL DEFAULT 0,
     used_at INTEGER NOT NULL,
     ended INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX task_messages_open ON task_messages (client, task_id, chat_id) WHERE ended = 0;
   CREATE INDEX task_messages_by_age ON task_messages (used_at);
   CREATE INDEX task_messages_by_chat ON task_messages (chat_id);
   ALTER TABLE messages ADD COLUMN task INTEGER;
   ALTER TABLE messages ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX messages_of_task ON messages (task, id) WHERE task IS NOT NULL;
   CREATE INDEX messages_held ON messages (next_attempt_at) WHERE held = 1;
   ALTER TABLE events ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE files (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL,
     media_type TEXT NOT NULL,
     bytes BLOB NOT NULL
   ) STRICT;
   ALTER TABLE messages ADD COLUMN file INTEGER;
   ALTER TABLE messages ADD COLUMN file_kind TEXT CHECK (file_kind IN ('photo', 'document'));
   ALTER TABLE messages ADD COLUMN file_bytes INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX messages_with_file ON messages (file) WHERE file IS NOT NULL;
   CREATE TRIGGER files_without_message AFTER DELETE ON messages WHEN old.file IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM messages INDEXED BY messages_with_file WHERE file = old.file)
     BEGIN DELETE FROM files WHERE id = old.file; END;`,
  // What is over is found without a look at what waits, and so is what waits for one chat.
  `ALTER TABLE events ADD COLUMN ended_at INTEGER;
   UPDATE events SET ended_at = coalesce(settled_at, accepted_at) WHERE NOT EXISTS (
     SELECT 1 FROM messages m
     WHERE m.event_id = events.event_id AND m.client = events.client AND m.state IN ('pending', 'sending'));
   CREATE INDEX events_ended ON events (ended_at) WHERE ended_at IS NOT NULL;
   CREATE INDEX messages_waiting ON messages (chat_id) WHERE state IN ('pending', 'sending');`,
];

/** What a bridge of this version brings its file to. */
export const newestSchema = MIGRATIONS.length;

/** Brings a database to a schema, the newest by default, each step in a transaction of its own. */
export function migrate(db: DatabaseSync, to = MIGRATIONS.length): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `The queue was written by a newer version of the bridge (schema ${version}, this one knows ${MIGRATIONS.length}). ` +
        "Run the newer version, or deliver its messages with it before going back.",
    );
  }
  for (const [index, statements] of MIGRATIONS.entries()) {
    if (index < version || index >= to) continue;
    db.exec(`BEGIN IMMEDIATE; ${statements} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}
