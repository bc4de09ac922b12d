import { join } from "node:path";
import { expect, test } from "vitest";
import { Journal } from "../../../../server/bridge/monitoring/journal.ts";
import { prepareMonitoring } from "../../../../server/bridge/monitoring/monitoring-statements.ts";
import { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { scratch } from "../support.ts";

const EVENTS = 10_000;
const limits = { total: { messages: 100_000, bytes: 2 ** 28 }, clientShare: 1 };

/** The plan of each statement that lists something, as SQLite tells it. */
const listings = {
  newestEvents:
    "SELECT accepted_at AS at, event_id, client, messages, muted FROM events ORDER BY accepted_at DESC LIMIT 100",
  newestSent: "SELECT at, event_id, client, chat_id FROM sent_messages ORDER BY id DESC LIMIT 100",
  newestNotes: "SELECT at, kind, event_id, client, chat_id, detail FROM journal ORDER BY id DESC LIMIT 100",
};

test("after 10,000 events activity is as short as before, and is read from the end, not as a whole", async () => {
  await using directory = await scratch();
  let now = 1_000_000;
  const store = new Store({ path: join(directory.path, "queue.sqlite"), now: () => now });
  const queue = new SqliteQueue(store, { limits, recipients: [1], now: () => now });
  const journal = new Journal({ store, chats: () => String, now: () => now });
  const text = { part: 0, text: "x", entities: [], chatId: 1 };
  for (let done = 0; done < EVENTS; done += 500) {
    await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const id = `event-${done + n}`;
        now += 1;
        const at = now;
        const { messages } = await queue.accept({ id, client: "tester", acceptedAt: at, messages: [text] });
        const [message] = messages;
        if (message === undefined) throw new Error("no message");
        journal.note({ kind: "retried", at, event: { id, client: "tester" }, chatId: 1, detail: "502" });
        await queue.settle(message.id, { kind: "sent", at, telegramMessageId: done + n + 1 });
      }),
    );
  }
  const activity = journal.activity();
  expect(activity).toHaveLength(100);
  expect(Buffer.byteLength(JSON.stringify(activity))).toBeLessThan(32 * 1024);
  expect(activity.map(({ event_id }) => event_id)).toContain(`event-${EVENTS - 1}`);

  const steps = Object.values(listings).map((sql) => {
    const plan = store.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return plan.map(({ detail }) => String(detail)).join("; ");
  });
  // No sorting: SQLite goes along an index or the rows themselves, and stops after a hundred.
  for (const step of steps) expect(step).not.toMatch(/TEMP B-TREE/);
  expect(steps[0]).toContain("events_by_age");
  const sources = Object.values(prepareMonitoring(store.db)).map((statement) =>
    statement.sourceSQL.replaceAll(/\s+/g, " "),
  );
  for (const sql of Object.values(listings)) expect(sources).toContain(sql.replace("LIMIT 100", "LIMIT ?"));

  const record = { id: "event-5", client: "tester", acceptedAt: 1, total: 1 };
  expect(journal.steps(record).map(({ what }) => what)).toEqual(["accepted", "attempted", "delivered"]);
  await queue.close();
});
