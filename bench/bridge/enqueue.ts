/**
 * How many events a second the queue has on disk, beside bare node:sqlite with the same group commit: once the same rows in the same
 * tables, and once in two tables that have nothing but a key by which a repeated event is refused.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { NewEvent } from "../../server/bridge/queue/event.ts";
import { SqliteQueue } from "../../server/bridge/queue/sqlite-queue.ts";
import { GroupCommit } from "../../server/bridge/storage/group-commit.ts";
import { Store } from "../../server/bridge/storage/store.ts";
import type { Report } from "../report.ts";
import { median } from "./figures.ts";

const rounds = 7;
const eventsEach = 5_000;

type Contender = { readonly accept: (event: NewEvent) => Promise<unknown>; readonly close: () => void };

/** `together`: events that arrive at the same time, and share a commit. */
export async function enqueued(report: Report, together: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
  const contenders = [
    ourQueue(join(folder, "ours.sqlite")),
    sameTables(join(folder, "same.sqlite")),
    plainTables(join(folder, "plain.sqlite")),
  ];
  try {
    const rates = contenders.map((): number[] => []);
    // The first round compiles code.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, contender] of contenders.entries()) {
        const rate = await rateOf(contender, together);
        if (round > 0) rates[index]?.push(rate);
      }
    }
    const [ours = Number.NaN, same = Number.NaN, plain = Number.NaN] = rates.map(median);
    const name = `durable enqueue, ${together} together, beside`;
    report.measure(`${name} the same rows in the same tables`, ours, "1/s", { target: "ratio 0.7", bare: same });
    report.measure(`${name} two plain tables`, ours, "1/s", { bare: plain });
  } finally {
    for (const { close } of contenders) close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Events a second. */
async function rateOf({ accept }: Contender, together: number): Promise<number> {
  const groups = Math.min(300, Math.ceil(eventsEach / together));
  const begun = performance.now();
  for (let group = 0; group < groups; group += 1) {
    await Promise.all(Array.from({ length: together }, () => accept(newEvent())));
  }
  return (groups * together * 1000) / (performance.now() - begun);
}

function newEvent(): NewEvent {
  const text = `ℹ️ A message\n\n${"Something happened that a person wants to read about. ".repeat(4)}`;
  const entities = [{ type: "bold" as const, offset: 0, length: 12 }];
  const messages = [{ chatId: 1, part: 0, text, entities }];
  return { id: randomUUID(), client: "bench", acceptedAt: Date.now(), messages };
}

function ourQueue(path: string): Contender {
  const now = Date.now;
  const store = new Store({ path, now });
  const limits = { total: { messages: 1e9, bytes: 1e12 }, clientShare: 1 };
  const queue = new SqliteQueue(store, { limits, recipients: [1], now });
  return { accept: (event) => queue.accept(event), close: () => store.close() };
}

/** What the queue writes, with nothing but that around it. */
function sameTables(path: string): Contender {
  const store = new Store({ path, now: Date.now });
  const event = store.db.prepare("INSERT INTO events (event_id, client, accepted_at, messages) VALUES (?, ?, ?, ?)");
  const message = store.db.prepare(
    "INSERT INTO messages (event_id, client, chat_id, part, text, entities, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const accept = ({ id, client, acceptedAt, messages }: NewEvent) =>
    store.write(() => {
      event.run(id, client, acceptedAt, messages.length);
      for (const { chatId, part, text, entities } of messages) {
        message.run(id, client, chatId, part, text, JSON.stringify(entities), acceptedAt);
      }
    });
  return { accept, close: () => store.close() };
}

function plainTables(path: string): Contender {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec(
    "CREATE TABLE events (event_id TEXT, client TEXT, accepted_at INTEGER, PRIMARY KEY (client, event_id)) STRICT",
  );
  db.exec("CREATE TABLE messages (id INTEGER PRIMARY KEY, event_id TEXT, client TEXT, body TEXT) STRICT");
  const event = db.prepare("INSERT INTO events VALUES (?, ?, ?)");
  const message = db.prepare("INSERT INTO messages (event_id, client, body) VALUES (?, ?, ?)");
  const commits = new GroupCommit(db, () => undefined);
  const accept = ({ id, client, acceptedAt, messages }: NewEvent) =>
    commits.submit(() => {
      event.run(id, client, acceptedAt);
      for (const each of messages) message.run(id, client, JSON.stringify(each));
    });
  return { accept, close: () => db.close() };
}
