import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Queue } from "../../../../server/bridge/queue/queue.ts";
import { prepare } from "../../../../server/bridge/queue/sqlite-statements.ts";
import { migrate, newestSchema } from "../../../../server/bridge/storage/sqlite-schema.ts";
import { queueOn, scratch } from "../support.ts";

/** A start goes through everything that waits: the pacer has to know it, and the limits what it takes. */
const ofTheStart = ["pending", "loads", "recordInterrupted", "resumeInterrupted"];

/** They stop at the first rows, or of refused messages there are so many as are kept for each client. */
const bounded = ["oldest", "forgetOldSent", "deadLetters", "countFailed", "deleteFailures"];

const large = /^SCAN (messages|events|e|m|sent_messages)\b/;

/** Names of the statements that go through a large table. */
function walks(db: DatabaseSync): readonly string[] {
  return Object.entries(prepare(db)).flatMap(([name, { sourceSQL }]) => {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all();
    return plan.some(({ detail }) => large.test(String(detail))) ? [name] : [];
  });
}

test("after the start no statement of the queue walks over all messages or all events", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  const found = walks(db);
  expect(found).toEqual(expect.arrayContaining(ofTheStart));
  expect(found.filter((name) => ![...ofTheStart, ...bounded].includes(name))).toEqual([]);
  db.close();
});

const clock = { now: 1_000 };

function open(path: string): Queue {
  const limits = { total: { messages: 100, bytes: 1_000_000 }, clientShare: 1 };
  return queueOn({ path, limits, recipients: [1], now: () => clock.now });
}

const accept = (queue: Queue, id: string, chats: readonly number[], muted = 0) => {
  const messages = chats.map((chatId) => ({ chatId, part: 0, text: id, entities: [] }));
  return queue.accept({ id, client: "anna", acceptedAt: 1_000, messages, muted });
};

async function end(queue: Queue, id: number, error?: string): Promise<void> {
  await queue.begin([id]);
  const ended =
    error === undefined ? { kind: "sent" as const, telegramMessageId: id } : { kind: "failed" as const, error };
  await queue.settle(id, { at: 1_500, ...ended });
}

const known = async (queue: Queue, ids: readonly string[]) => ids.filter((id) => queue.event(id, "anna") !== undefined);

const pruneAll = { sentBefore: 2_000, failedBefore: 0, sendsBefore: 0, answerableBefore: 0 };

test("an event is kept while any of its messages waits or was refused, and forgotten when none is left", async () => {
  await using directory = await scratch();
  const queue = open(join(directory.path, "queue.sqlite"));
  const partly = await accept(queue, "partly", [1, 2]);
  await end(queue, partly.messages[0]!.id);
  await accept(queue, "waits", [1]);
  await accept(queue, "muted", [], 1);
  const refused = (await accept(queue, "refused", [1])).messages[0]!.id;
  await end(queue, refused, "403: Forbidden");
  const all = ["partly", "waits", "muted", "refused"];
  await queue.prune({ ...pruneAll, sentBefore: 1_000 });
  expect(await known(queue, all)).toEqual(all);
  await queue.prune(pruneAll);
  expect(await known(queue, all)).toEqual(["partly", "waits", "refused"]);
  await end(queue, partly.messages[1]!.id);
  await queue.prune(pruneAll);
  expect(await known(queue, all)).toEqual(["waits", "refused"]);
  await queue.close();
});

test("an event whose refused message is sent again waits as a new one does", async () => {
  await using directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  const queue = queueOn({
    path,
    limits: { total: { messages: 100, bytes: 1_000_000 }, clientShare: 1 },
    recipients: [1],
    now: () => 1_000,
  });
  const { id } = (await accept(queue, "refused", [1])).messages[0]!;
  await end(queue, id, "403: Forbidden");
  queue.revive(id);
  await queue.close();
  const db = new DatabaseSync(path);
  expect(db.prepare("SELECT ended_at FROM events").get()).toEqual({ ended_at: null });
  db.close();
  const again = open(path);
  await end(again, id);
  await again.prune(pruneAll);
  expect(await known(again, ["refused"])).toEqual([]);
  await again.close();
});

test("of a file of the schema before, what is over is forgotten and what waits is not", async () => {
  await using directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  const db = new DatabaseSync(path);
  const step = stepThatTellsEnds();
  migrate(db, step - 1);
  db.exec(
    "INSERT INTO events (event_id, client, accepted_at, messages, settled_at) VALUES ('sent', 'anna', 1000, 1, 1500)",
  );
  db.exec("INSERT INTO events (event_id, client, accepted_at, messages) VALUES ('waits', 'anna', 1000, 1)");
  db.exec("INSERT INTO events (event_id, client, accepted_at, messages, muted) VALUES ('muted', 'anna', 1000, 1, 1)");
  db.exec(
    "INSERT INTO messages (event_id, client, chat_id, part, text, created_at) VALUES ('waits', 'anna', 1, 0, 'x', 1000)",
  );
  db.close();
  const queue = open(path);
  expect(await known(queue, ["sent", "waits", "muted"])).toEqual(["sent", "waits", "muted"]);
  await queue.prune(pruneAll);
  expect(await known(queue, ["sent", "waits", "muted"])).toEqual(["waits"]);
  await queue.close();
});

test("of a damaged file events are forgotten whose messages were on the damaged page", async () => {
  await using directory = await scratch();
  const path = join(directory.path, "queue.sqlite");
  const limits = { total: { messages: 10_000, bytes: 10_000_000 }, clientShare: 1 };
  const options = { path, limits, recipients: [1], now: () => clock.now };
  const before = queueOn(options);
  const ids = Array.from({ length: 500 }, (_, index) => `event-${index}`);
  await Promise.all(ids.map((id) => accept(before, id, [1])));
  await before.close();
  damage(path);
  const after = queueOn(options);
  const { pending } = await after.recover();
  expect(pending.length).toBeGreaterThan(0);
  expect(pending.length).toBeLessThan(ids.length);
  expect(await known(after, ids)).toHaveLength(ids.length);
  await after.prune(pruneAll);
  const waiting = await after.begin(pending.map(({ id }) => id));
  expect(await known(after, ids)).toEqual(waiting.map(({ eventId }) => eventId));
  await after.close();
});

/** Overwrites a page that holds messages. */
function damage(path: string): void {
  const db = new DatabaseSync(path);
  const leaf = db.prepare("SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf' LIMIT 1 OFFSET 3");
  const page = Number(leaf.get()?.pageno);
  db.close();
  const bytes = readFileSync(path);
  bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
  writeFileSync(path, bytes);
}

/** Number of the schema that first has the time of an event's end. */
function stepThatTellsEnds(): number {
  const probe = new DatabaseSync(":memory:");
  for (let step = 1; step <= newestSchema; step += 1) {
    migrate(probe, step);
    const names = probe
      .prepare("PRAGMA table_info(events)")
      .all()
      .map(({ name }) => name);
    if (names.includes("ended_at")) return step;
  }
  throw new Error("no schema tells when an event ended");
}
