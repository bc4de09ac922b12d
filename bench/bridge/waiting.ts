/** Whether what waits slows down what goes on beside it: the same work with a thousand messages in the queue, and with a million. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pacer } from "../../server/bridge/pacing/pacer.ts";
import type { NewEvent } from "../../server/bridge/queue/event.ts";
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

type Name = keyof typeof measures;

/** A queue with its pacer, and what each measure took. */
type Subject = {
  readonly count: number;
  readonly queue: SqliteQueue;
  readonly pacer: Pacer;
  readonly times: Readonly<Record<Name, number[]>>;
};

/** Both at the same time and in turns, so that the machine is the same for both. */
export async function waiting(report: Report, many: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cctelegram-bench-"));
  const subjects: Subject[] = [];
  try {
    for (const count of [few, many]) subjects.push(await subjectWith(count, join(folder, `${count}.sqlite`)));
    for (let round = 0; round < rounds; round += 1) for (const each of subjects) await worked(each, round);
    for (const each of subjects) await moved(each);
    const [beside, measured] = subjects;
    for (const [name, unit] of Object.entries(measures)) {
      const figureOf = (of: Subject | undefined) => valueIn(of?.times[name as Name] ?? [], name as Name);
      report.measure(`${many.toLocaleString("en")} wait: ${name}`, figureOf(measured), unit, {
        bare: figureOf(beside),
      });
    }
  } finally {
    for (const { queue } of subjects) await queue.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The upkeep goes on in one piece: there the longest counts. */
const valueIn = (times: readonly number[], name: Name): number =>
  name === "pass of the upkeep, p99" ? quantile(times, 0.99) : median(times);

async function subjectWith(count: number, path: string): Promise<Subject> {
  const filled = opened(path);
  for (let first = 0; first < count; first += few) {
    await Promise.all(Array.from({ length: few }, (_, index) => filled.accept(eventOf(first + index, "waits"))));
  }
  await filled.close();
  console.log(`${count.toLocaleString("en")} messages wait in ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`);
  const begun = performance.now();
  const queue = opened(path);
  const pacer = new Pacer({ messagesPerSecond: 1e6, messagesPerChatPerSecond: 1e6, messagesPerGroupPerMinute: 1e6 });
  pacer.restore(await queue.recover(), Date.now());
  const restart = performance.now() - begun;
  const times = Object.fromEntries(Object.keys(measures).map((name) => [name, [] as number[]])) as Subject["times"];
  times["restart in all"].push(restart);
  times["restart, each message"].push((restart * 1000) / count);
  return { count, queue, pacer, times };
}

async function worked(subject: Subject, round: number): Promise<void> {
  const { queue, times, count } = subject;
  await enqueued(subject, round);
  await delivered(subject);
  times["status of an event"].push(await timed(() => queue.event(idOf(count - 1, "waits"), undefined)));
  times["list of dead letters"].push(await timed(() => queue.deadLetters({ limit: 50 })));
  times["figures for metrics"].push(await timed(() => queue.stats()));
  times["pass of the upkeep, p99"].push((await timed(() => queue.prune(pruneLimits()))) / 1_000);
}

function opened(path: string): SqliteQueue {
  const now = Date.now;
  const limits = { total: { messages: 1e9, bytes: 1e12 }, clientShare: 1 };
  return new SqliteQueue(new Store({ path, now }), { limits, recipients: [], now });
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
async function enqueued({ queue, pacer, times }: Subject, round: number): Promise<void> {
  const begun = performance.now();
  const stored = await Promise.all(
    Array.from({ length: group }, (_, index) => queue.accept(eventOf(round * group + index, "new", Date.now()))),
  );
  for (const { messages } of stored) for (const message of messages) pacer.add(message);
  times.enqueue.push(((performance.now() - begun) * 1000) / group);
}

/** Microseconds of a turn of the pacer, and of a message's two writes when ten are under way. */
async function delivered({ queue, pacer, times }: Subject): Promise<void> {
  const started: { id: number; chatId: number }[] = [];
  while (started.length < 10) {
    const begun = performance.now();
    const turn = pacer.next(Date.now());
    times.next.push((performance.now() - begun) * 1000);
    if ("waitUntil" in turn) break;
    pacer.started(turn.chatId, Date.now());
    started.push(turn);
  }
  const begun = performance.now();
  await queue.begin(started.map(({ id }) => id));
  const sent = started.map(({ id }) => queue.settle(id, { kind: "sent", at: Date.now(), telegramMessageId: id }));
  await Promise.all(sent);
  times["begin and settle"].push(((performance.now() - begun) * 1000) / started.length);
  for (const { chatId } of started) {
    pacer.ended(chatId, Date.now());
    pacer.settled(chatId, Date.now());
  }
}

/** A group becomes a supergroup: microseconds for each of its messages. */
async function moved({ queue, count, times }: Subject): Promise<void> {
  const begun = performance.now();
  await queue.migrateChat(-1, -1001);
  times["move of a chat's messages, each"].push(((performance.now() - begun) * 1000) / (count / chats));
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

/** Microseconds. */
async function timed(work: () => unknown): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) * 1000;
}
