import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { laneOf } from "../../../../server/bridge/pacing/lanes.ts";
import type { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { migrate } from "../../../../server/bridge/storage/sqlite-schema.ts";
import { queueOn, scratch } from "../support.ts";

/** The tables as the first schema had them. */
const FIRST = `
  CREATE TABLE events (event_id TEXT PRIMARY KEY, accepted_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX events_by_age ON events (accepted_at);
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, chat_id INTEGER NOT NULL, part INTEGER NOT NULL,
    text TEXT NOT NULL, entities TEXT,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0, next_attempt_at INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,
    settled_at INTEGER, telegram_message_id INTEGER, error TEXT, uncertain INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX messages_undelivered ON messages (id) WHERE state IN ('pending', 'sending');
  CREATE INDEX messages_failed ON messages (id) WHERE state = 'failed';
  CREATE INDEX messages_by_event ON messages (event_id);
  CREATE TABLE sends (at INTEGER NOT NULL, chat_id INTEGER NOT NULL) STRICT;
  CREATE INDEX sends_by_age ON sends (at);
  CREATE TABLE migrated_chats (from_chat INTEGER PRIMARY KEY, to_chat INTEGER NOT NULL) STRICT;
  CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  CREATE TABLE probe (filler BLOB NOT NULL) STRICT;
  PRAGMA user_version = 1;
  PRAGMA journal_mode = WAL;`;

const SECRET_TEXT = "a text that was delivered long ago";

/** A file of the first schema: a delivered event, one that Telegram refused for chat 2, and many that wait. */
function firstSchema(path: string, waiting = 1): void {
  const db = new DatabaseSync(path);
  db.exec(FIRST);
  const event = db.prepare("INSERT INTO events VALUES (?, 1000, ?)");
  const message = db.prepare(
    `INSERT INTO messages (event_id, chat_id, part, text, state, created_at, settled_at, telegram_message_id, error)
     VALUES (?, ?, 0, ?, ?, 1000, ?, ?, ?)`,
  );
  event.run("sent", SECRET_TEXT);
  message.run("sent", 1, SECRET_TEXT, "sent", 1_200, 5, null);
  event.run("failed", "{}");
  message.run("failed", 1, "x", "failed", 1_100, null, "403: an old refusal");
  message.run("failed", 2, "x", "failed", 1_300, null, "403: Forbidden");
  for (let n = 0; n < waiting; n += 1) {
    event.run(`waits-${n}`, "{}");
    message.run(`waits-${n}`, 1, `text ${n} `.padEnd(500, "y"), "pending", null, null, null);
  }
  db.close();
}

function open(path: string, onDamage = () => {}): SqliteQueue {
  const limits = { total: { messages: 100_000, bytes: 2 ** 28 }, clientShare: 1 };
  return queueOn({ path, limits, recipients: [1, 2], now: () => 2_000, onDamage });
}

describe("a queue of the first schema", () => {
  test("is gone on with: what waits is delivered, repeated events are known, refused chats are told", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    firstSchema(path);
    const queue = open(path);
    const { pending } = await queue.recover();
    expect(pending).toEqual([{ id: 4, chatId: 1, client: "unknown", notBefore: 0, lane: laneOf("normal") }]);
    expect((await queue.begin([4]))[0]).toMatchObject({ eventId: "waits-0", text: "text 0 ".padEnd(500, "y") });
    expect(await queue.accept({ id: "sent", client: "unknown", acceptedAt: 2_000, messages: [] })).toMatchObject({
      duplicate: true,
      count: 1,
    });
    expect(queue.event("failed", undefined)).toMatchObject({ client: "unknown", total: 2, waiting: 0, refused: 2 });
    expect(queue.event("sent", undefined)).toMatchObject({
      client: "unknown",
      total: 1,
      waiting: 0,
      refused: 0,
      settledAt: 1_200,
    });
    const refused = { chatId: 2, error: "403: Forbidden", messages: 1, at: 1_300 };
    expect(queue.stats()).toMatchObject({ pending: 1, failed: 2, refusedChats: [refused] });
    await queue.close();
  });

  test("is salvaged when it is damaged", async () => {
    await using directory = await scratch();
    const path = join(directory.path, "queue.sqlite");
    firstSchema(path, 1_000);
    const db = new DatabaseSync(path);
    const leaf = db.prepare(
      "SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf' LIMIT 1 OFFSET 40",
    );
    const page = Number(leaf.get()?.pageno);
    db.close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
    writeFileSync(path, bytes);
    let damages = 0;
    const queue = open(path, () => {
      damages += 1;
    });
    const { pending } = await queue.recover();
    expect(damages).toBe(1);
    expect(pending.length).toBeGreaterThan(900);
    expect(pending.length).toBeLessThan(1_000);
    expect((await queue.accept({ id: "sent", client: "unknown", acceptedAt: 1, messages: [] })).duplicate).toBe(true);
    await queue.close();
  });
});

test("an event of the second schema is its client's as long as it has messages, and counts those that were refused", async () => {
  await using directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  firstSchema(path);
  const db = new DatabaseSync(path);
  migrate(db, 2);
  db.exec("UPDATE messages SET client = 'anna' WHERE event_id = 'failed' OR event_id = 'waits-0'");
  db.close();
  const queue = open(path);
  expect(queue.event("failed", undefined)).toMatchObject({ client: "anna", refused: 2 });
  expect(queue.event("waits-0", undefined)).toMatchObject({ client: "anna", waiting: 1, refused: 0 });
  expect(queue.event("sent", undefined)).toMatchObject({ client: "unknown", refused: 0 });
  await queue.close();
});

test("what arrived leaves on disk no text, and so little that a day at the bot's full rate does not fill a volume", async () => {
  await using directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  let queue = open(path);
  let telegramMessageId = 0;
  const deliver = async (count: number, name: string) => {
    for (let n = 0; n < count; n += 100) {
      const each = Array.from({ length: 100 }, async (_, index) => {
        const id = `${name}-${n + index}`.padEnd(36, "-");
        const text = `${SECRET_TEXT} `.repeat(100);
        const messages = [{ chatId: 1, part: 0, text, entities: [] }];
        const stored = await queue.accept({ id, client: "a", acceptedAt: 1_500, messages });
        const [message] = await queue.begin(stored.messages.map((one) => one.id));
        telegramMessageId += 1;
        await queue.settle(message!.id, { kind: "sent", at: 1_600, telegramMessageId });
      });
      await Promise.all(each);
      await queue.prune({ sentBefore: 0, failedBefore: 0, sendsBefore: 2_000, answerableBefore: 0 });
    }
  };
  const measure = async () => {
    await queue.close();
    const db = new DatabaseSync(path, { readOnly: true });
    const sizeOf = (names: string) =>
      Number(db.prepare(`SELECT sum(pgsize) AS bytes FROM dbstat WHERE name ${names} '%sent_messages%'`).get()?.bytes);
    const used = { ofEvents: sizeOf("NOT LIKE"), ofAnswerable: sizeOf("LIKE") };
    const texts = db.prepare("SELECT count(*) AS count FROM messages").get()?.count;
    db.close();
    queue = open(path);
    return { ...used, texts };
  };
  await deliver(1_000, "first");
  const first = await measure();
  await deliver(1_000, "second");
  const second = await measure();
  await queue.close();
  expect(second.texts).toBe(0);
  // Telegram takes at most 30 messages of a bot in a second, all clients together.
  expect(((second.ofEvents - first.ofEvents) / 1_000) * 30 * 86_400).toBeLessThan(2 ** 29);
  // Of those that people may answer 50,000 are kept.
  expect(((second.ofAnswerable - first.ofAnswerable) / 1_000) * 50_000).toBeLessThan(2 ** 24);
  expect(statSync(path).size).toBeLessThan(2 ** 21);
});
