/** Whether what waits slows down what goes on beside it: the same work with a thousand messages in the queue, and with a million. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pacer } from "../../server/bridge/pacing/pacer.ts";
import type { NewEvent } from "../../server/bridge/queue/queue.ts";
import { SqliteQueue } from "../../server/bridge/queue/sqlite-queue.ts";
import { Store } from "../../server/bridge/storage/store.ts";
import type { Report } from "../report.ts";
import { median, quantile } from "./figures.ts";

const few = 1_000;
const chats = 100;
const clients = 10;
/** All of them have been waiting for longer than an event is kept after its end. */
const acceptedAt = Date.now() - 48 * 3_600_000;
/** Events that arrive together, and so share a commit. */
const group = 64;
const rounds = 200;

/** Names and units of what is measured, in the order of the table. */
const measures = {
  enqueue: "us",
  next: "us",
  "begin and settle": "us",
  "status of an event": "us",
  "list of dead letters": "us",
  "figures for metrics": "us",
  "pass of the upkeep, p99": "ms",
  "move of a chat's messages, each": "us",
  "restart, each message": "us",
  "restart in all": "ms",
} as const;

type Measured = Readonly<Record<keyof typeof measures, number>>;

export async function waiting(report: Report, many: number): Promise<void> {
  const beside = await withWaiting(few);
  const measured = await withWaiting(many);
  for (const [name, unit] of Object.entries(measures)) {
    const key = name as keyof Measured;
    report.measure(`${many.toLocaleString("en")} wait: ${name}`, measured[key], unit, { bare: beside[key] });
  }
}

async function withWaiting(count: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
  const path = join(folder, "queue.sqlite");
  try {
    await fill(path, count);
    console.log(`${count.toLocaleString("en")} messages wait in ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`);
    return await measured(path, count);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(path: string, count: number): Promise<void> {
  const { queue } = opened(path);
  for (let first = 0; first < count; first += few) {
    await Promise.all(Array.from({ length: few }, (_, index) => queue.accept(eventOf(first + index, "waits"))));
  }
  await queue.close();
}

async function measured(path: string, count: number): Promise<Measured> {
  const begun = performance.now();
  const { queue } = opened(path);
  const pacer = new Pacer({ messagesPerSecond: 1e6, messagesPerChatPerSecond: 1e6, messagesPerGroupPerMinute: 1e6 });
  pacer.restore(await queue.recover(), Date.now());
  const restart = performance.now() - begun;
  try {
    const enqueue = await enqueued(queue, pacer);
    const { next, delivery } = await delivered(queue, pacer);
    const status = await timed(() => queue.event(idOf(count - 1, "waits"), undefined));
    const letters = await timed(() => queue.deadLetters({ limit: 50 }));
    const figures = await timed(() => queue.stats());
    const upkeep = await timesOf(() => queue.prune(pruneLimits()));
    const move = await moved(queue, count);
    return {
      enqueue,
      next,
      "begin and settle": delivery,
      "status of an event": status,
      "list of dead letters": letters,
      "figures for metrics": figures,
      "pass of the upkeep, p99": quantile(upkeep, 0.99) / 1000,
      "move of a chat's messages, each": move,
      "restart, each message": (restart * 1000) / count,
      "restart in all": restart,
    };
  } finally {
    await queue.close();
  }
}

function opened(path: string) {
  const now = Date.now;
  const limits = { total: { messages: 1e9, bytes: 1e12 }, clientShare: 1 };
  const store = new Store({ path, now });
  return { store, queue: new SqliteQueue(store, { limits, recipients: [], now }) };
}

const idOf = (number: number, kind: string) => `${kind}-${number}`.padEnd(36, "-");

/** Every fourth message is for a group. */
function eventOf(number: number, kind: string, at = acceptedAt): NewEvent {
  const chat = 1 + (number % chats);
  const text = `ℹ️ Message ${number}\n\n${"Something happened that a person wants to read about. ".repeat(4)}`;
  const message = { chatId: number % 4 === 0 ? -chat : chat, part: 0, text, entities: [] };
  return { id: idOf(number, kind), client: `client-${number % clients}`, acceptedAt: at, messages: [message] };
}

/** Microseconds for each of the events that arrive together. */
async function enqueued(queue: SqliteQueue, pacer: Pacer): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    const stored = await Promise.all(
      Array.from({ length: group }, (_, index) => queue.accept(eventOf(round * group + index, "new", Date.now()))),
    );
    for (const { messages } of stored) for (const message of messages) pacer.add(message);
    times.push(((performance.now() - begun) * 1000) / group);
  }
  return median(times);
}

/** Microseconds of a turn of the pacer, and of a message's two writes when ten are under way. */
async function delivered(queue: SqliteQueue, pacer: Pacer): Promise<{ next: number; delivery: number }> {
  const turns: number[] = [];
  const writes: number[] = [];
  let telegramMessageId = 0;
  for (let round = 0; round < rounds; round += 1) {
    const started: { id: number; chatId: number }[] = [];
    while (started.length < 10) {
      const begun = performance.now();
      const turn = pacer.next(Date.now());
      turns.push((performance.now() - begun) * 1000);
      if ("waitUntil" in turn) break;
      pacer.started(turn.chatId, Date.now());
      started.push(turn);
    }
    const begun = performance.now();
    await queue.begin(started.map(({ id }) => id));
    await Promise.all(
      started.map(({ id }) => {
        telegramMessageId += 1;
        return queue.settle(id, { kind: "sent", at: Date.now(), telegramMessageId });
      }),
    );
    writes.push(((performance.now() - begun) * 1000) / started.length);
    for (const { chatId } of started) {
      pacer.ended(chatId, Date.now());
      pacer.settled(chatId, Date.now());
    }
  }
  return { next: median(turns), delivery: median(writes) };
}

/** A group becomes a supergroup: microseconds for each of its messages. */
async function moved(queue: SqliteQueue, count: number): Promise<number> {
  const begun = performance.now();
  await queue.migrateChat(-1, -1001);
  return ((performance.now() - begun) * 1000) / (count / chats);
}

function pruneLimits() {
  const now = Date.now();
  return {
    sentBefore: now - 24 * 3_600_000,
    failedBefore: now - 7 * 24 * 3_600_000,
    sendsBefore: now - 120_000,
    answerableBefore: now - 30 * 24 * 3_600_000,
  };
}

async function timed(work: () => unknown): Promise<number> {
  return median(await timesOf(work));
}

/** Microseconds of each. */
async function timesOf(work: () => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < 50; round += 1) {
    const begun = performance.now();
    await work();
    times.push((performance.now() - begun) * 1000);
  }
  return times;
}
