import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownLane } from "../../../../server/bridge/pacing/lanes.ts";
import { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { type Scratch, scratch } from "../support.ts";

const SUPERGROUP = -1_000_000_000_100;

let directory: Scratch;
let store: Store;
let queue: SqliteQueue;

beforeEach(async () => {
  directory = await scratch();
  open();
});

afterEach(async () => {
  store.close();
  await directory[Symbol.asyncDispose]();
});

function open(): void {
  const now = () => 1_000;
  store = new Store({ path: join(directory.path, "queue.sqlite"), now });
  const limits = { total: { messages: 3, bytes: 2 ** 20 }, clientShare: 1 };
  queue = new SqliteQueue(store, { limits, recipients: [1], now });
}

const line = (chatId: number, text: string) => ({ chatId, text, entities: [] });
const say = (chatId: number, text: string, urgent?: true) =>
  store.write(() => queue.addLine({ ...line(chatId, text), ...(urgent && { urgent }) }, 1));
const accept = (id: string) =>
  queue.accept({ id, client: "anna", acceptedAt: 1, messages: [{ ...line(1, id), part: 0 }] });

test("an urgent line is so after a restart, too, and counted for its chat until it has left", async () => {
  await accept("event");
  const urgent = await say(1, "answer", true);
  await say(2, "no answer");
  expect(urgent).toMatchObject({ chatId: 1, lane: ownLane });
  store.close();
  open();
  const { pending } = await queue.recover();
  expect(pending.map(({ chatId, lane }) => [chatId, lane === ownLane])).toEqual([
    [1, false],
    [1, true],
    [2, false],
  ]);
  expect([queue.urgentLines(1), queue.urgentLines(2)]).toEqual([1, 0]);
  await queue.begin([urgent!.id]);
  expect(queue.urgentLines(1)).toBe(1);
  await queue.settle(urgent!.id, { kind: "failed", at: 2, error: "403: blocked" });
  expect(queue.urgentLines(1)).toBe(0);
});

test("an urgent line has room in a full queue, another line of the bridge and an event have none", async () => {
  for (const id of ["a", "b", "c"]) await accept(id);
  await expect(accept("d")).rejects.toThrow("queue is full");
  expect(await say(2, "a line")).toBeUndefined();
  expect(await say(2, "an answer", true)).toMatchObject({ chatId: 2 });
  expect(queue.stats().pending).toBe(4);
  expect(queue.waitingByClient()).toEqual([
    { client: "anna", messages: 3 },
    { client: "", messages: 1 },
  ]);
});

test("the lines of a group are those of the supergroup that it became", async () => {
  await say(-5, "an answer", true);
  await queue.migrateChat(-5, SUPERGROUP);
  expect(await say(-5, "another", true)).toMatchObject({ chatId: SUPERGROUP });
  expect([queue.urgentLines(-5), queue.urgentLines(SUPERGROUP)]).toEqual([2, 2]);
});
