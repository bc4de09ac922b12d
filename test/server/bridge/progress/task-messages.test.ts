import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { editEveryMs } from "../../../../server/bridge/progress/task-messages.ts";
import type { NewEvent } from "../../../../server/bridge/queue/event.ts";
import type { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { queueOn, scratch } from "../support.ts";

const START = 1_000_000;

/** A queue on a real file, with a clock that the test turns. */
async function stage() {
  const directory = await scratch();
  const clock = { now: START };
  const open = () =>
    queueOn({
      path: join(directory.path, "queue.sqlite"),
      limits: { total: { messages: 100, bytes: 2 ** 20 }, clientShare: 1 },
      recipients: [1, 2],
      now: () => clock.now,
    });
  const s = {
    clock,
    queue: open(),
    /** As after a crash: nothing of the process before is known but the file. */
    async reopen() {
      await s.queue.close();
      s.queue = open();
      return s.queue.recover();
    },
    progress: (id: string, text = id, fields: Partial<NewEvent> = {}) => s.queue.accept(eventOf(id, text, fields)),
    async begin(id: number) {
      const [message] = await s.queue.begin([id]);
      if (message === undefined) throw new Error(`message ${id} does not wait`);
      return message;
    },
    sent: (id: number, telegramMessageId: number) =>
      s.queue.settle(id, { kind: "sent", at: s.clock.now, telegramMessageId }),
    /** The first message of the task has arrived. */
    async shown(text = "0 %") {
      const [first] = (await s.progress("first", text)).messages;
      await s.begin(first!.id);
      await s.sent(first!.id, 77);
    },
    release: () => s.queue.release(s.clock.now).map(({ id }) => id),
    [Symbol.asyncDispose]: async () => {
      await s.queue.close();
      await directory[Symbol.asyncDispose]();
    },
  };
  return s;
}

function eventOf(id: string, text: string, fields: Partial<NewEvent> = {}): NewEvent {
  const messages = [{ chatId: 1, part: 0, text, entities: [] }];
  return { id, client: "anna", acceptedAt: START, messages, task: { id: "build", phase: "progress" }, ...fields };
}

const stateOf = (queue: SqliteQueue, id: string) => {
  const { total, waiting, replaced } = queue.event(id, "anna") ?? {};
  return { total, waiting, replaced };
};

describe("the progress of a task", () => {
  test("that waits to be sent is replaced by newer progress in one write, in its place, and its event is over", async () => {
    await using s = await stage();
    const first = await s.progress("a", "10 %");
    const again = await s.progress("b", "20 %");
    expect(again).toMatchObject({ duplicate: false, count: 1, messages: [], replaced: [{ id: "a", replaced: 1 }] });
    expect(s.queue.stats().pending).toBe(1);
    const message = await s.begin(first.messages[0]!.id);
    expect(message).toMatchObject({ eventId: "b", text: "20 %", edits: undefined });
    expect(stateOf(s.queue, "a")).toEqual({ total: 1, waiting: 0, replaced: 1 });
    expect(stateOf(s.queue, "b")).toEqual({ total: 1, waiting: 1, replaced: 0 });
  });

  test("edits the message that was sent, not earlier than the interval after it", async () => {
    await using s = await stage();
    await s.shown();
    expect(await s.progress("b", "20 %")).toMatchObject({ count: 1, messages: [] });
    expect(s.queue.nextHeld()).toBe(START + editEveryMs);
    s.clock.now += editEveryMs - 1;
    expect(s.release()).toEqual([]);
    s.clock.now += 1;
    const [id] = s.release();
    expect(s.queue.nextHeld()).toBeUndefined();
    expect(await s.begin(id!)).toMatchObject({ text: "20 %", edits: 77, isProgress: true, isShown: false });
    await s.sent(id!, 77);
    await s.progress("c", "30 %");
    expect(s.queue.nextHeld()).toBe(s.clock.now + editEveryMs);
  });

  test("that comes while a request is under way waits for its end, and edits what it brought", async () => {
    await using s = await stage();
    const [first] = (await s.progress("a", "10 %")).messages;
    await s.begin(first!.id);
    expect((await s.progress("b", "20 %")).messages).toEqual([]);
    expect((await s.progress("c", "30 %")).replaced).toMatchObject([{ id: "b" }]);
    expect(s.queue.nextHeld()).toBeUndefined();
    await s.sent(first!.id, 8);
    s.clock.now += editEveryMs;
    const [next] = s.release();
    expect(await s.begin(next!)).toMatchObject({ eventId: "c", text: "30 %", edits: 8 });
  });

  test("becomes a message of its own when the one before it was refused", async () => {
    await using s = await stage();
    const [first] = (await s.progress("a", "10 %")).messages;
    await s.begin(first!.id);
    await s.progress("b", "20 %");
    await s.queue.settle(first!.id, { kind: "failed", at: START, error: "no" });
    const [next] = s.release();
    expect(await s.begin(next!)).toMatchObject({ text: "20 %", edits: undefined });
  });

  test("that says what is shown is not sent again, unless nobody knows what is shown", async () => {
    await using s = await stage();
    await s.shown("50 %");
    await s.progress("b", "50 %");
    s.clock.now += editEveryMs;
    const [id] = s.release();
    expect(await s.begin(id!)).toMatchObject({ isShown: true });
    await s.queue.settle(id!, { kind: "retry", at: START, notBefore: 0, error: "", uncertain: true, plain: false });
    expect(await s.begin(id!)).toMatchObject({ isShown: false });
    await s.queue.settle(id!, { kind: "unchanged", at: s.clock.now });
    expect(s.queue.event("b", "anna")).toMatchObject({ waiting: 0, refused: 0, replaced: 0 });
  });

  test("whose message is gone comes as a new one, which the next progress edits", async () => {
    await using s = await stage();
    await s.shown();
    await s.progress("b", "20 %");
    s.clock.now += editEveryMs;
    const [id] = s.release();
    await s.begin(id!);
    const gone = { kind: "retry", at: s.clock.now, notBefore: 0, error: "", uncertain: false, plain: false } as const;
    await s.queue.settle(id!, { ...gone, asNew: true });
    expect(await s.begin(id!)).toMatchObject({ text: "20 %", edits: undefined });
    await s.sent(id!, 90);
    await s.progress("c", "30 %");
    s.clock.now += editEveryMs;
    const [next] = s.release();
    expect(await s.begin(next!)).toMatchObject({ edits: 90 });
  });

  test("after its end begins anew; what waits of it is still shown", async () => {
    await using s = await stage();
    await s.shown();
    await s.progress("b", "99 %");
    const end = await s.progress("end", "done", { task: { id: "build", phase: "end" } });
    expect(end.messages).toHaveLength(1);
    const anew = await s.progress("c", "0 %");
    expect(anew.messages).toHaveLength(1);
    expect(await s.begin(anew.messages[0]!.id)).toMatchObject({ edits: undefined });
    s.clock.now += editEveryMs;
    expect(await s.begin(s.release()[0]!)).toMatchObject({ text: "99 %", edits: 77 });
  });

  test("is each client's, each task's, each chat's and each topic's own", async () => {
    await using s = await stage();
    await s.shown();
    const own = async (id: string, fields: Partial<NewEvent>) => (await s.progress(id, id, fields)).messages.length;
    expect(await own("b", { client: "bob" })).toBe(1);
    expect(await own("c", { task: { id: "other", phase: "progress" } })).toBe(1);
    expect(await own("d", { messages: [{ chatId: 2, part: 0, text: "d", entities: [] }] })).toBe(1);
    expect(await own("e", { messages: [{ chatId: 1, topic: 5, part: 0, text: "e", entities: [] }] })).toBe(1);
    expect(await own("f", {})).toBe(0);
  });

  test("moves with its chat, in which the old message is not found", async () => {
    await using s = await stage();
    await s.shown();
    await s.progress("b", "20 %");
    await s.queue.migrateChat(1, -100);
    s.clock.now += editEveryMs;
    const [moved] = s.queue.release(s.clock.now);
    expect(moved).toMatchObject({ chatId: -100 });
    expect(await s.begin(moved!.id)).toMatchObject({ chatId: -100, edits: undefined });
    await s.sent(moved!.id, 5);
    await s.progress("c", "30 %");
    s.clock.now += editEveryMs;
    expect(await s.begin(s.release()[0]!)).toMatchObject({ chatId: -100, edits: 5 });
  });

  test("is gone on with by the next process, also when its clock is behind", async () => {
    await using s = await stage();
    const [first] = (await s.progress("a", "10 %")).messages;
    await s.begin(first!.id);
    await s.progress("b", "20 %");
    expect(await s.reopen()).toMatchObject({ uncertain: 1, pending: [{ id: first!.id }] });
    expect(s.queue.stats().pending).toBe(2);
    await s.begin(first!.id);
    await s.sent(first!.id, 8);
    s.clock.now = START - 3_600_000;
    expect((await s.reopen()).pending).toEqual([]);
    expect(s.queue.nextHeld()).toBe(s.clock.now + editEveryMs);
    s.clock.now += editEveryMs;
    expect(await s.begin(s.release()[0]!)).toMatchObject({ text: "20 %", edits: 8 });
  });

  test("that was refused and is sent again by hand is a message of its own: newer progress may be shown", async () => {
    await using s = await stage();
    await s.shown();
    await s.progress("b", "20 %");
    s.clock.now += editEveryMs;
    const [id] = s.release();
    await s.begin(id!);
    await s.queue.settle(id!, { kind: "failed", at: START, error: "no", givenUp: true });
    const revived = s.queue.revive(id!, "anna");
    expect(await s.begin(revived!.pending.id)).toMatchObject({ edits: undefined, isProgress: false });
  });

  test("takes room in the queue once, whatever replaces it, and fits into a full one", async () => {
    await using s = await stage();
    await s.progress("a", "x");
    const filler = Array.from({ length: 99 }, (_, n) => s.progress(`f${n}`, "y", { task: undefined }));
    await Promise.all(filler);
    expect(await s.progress("b", "z".repeat(4_000))).toMatchObject({ replaced: [{ id: "a" }] });
    expect(s.queue.stats().pending).toBe(100);
    await expect(s.progress("c", "x", { task: { id: "new", phase: "progress" } })).rejects.toThrow("full");
  });

  test("is forgotten a day after it was heard of last", async () => {
    await using s = await stage();
    await s.shown();
    const limits = { failedBefore: 0, sendsBefore: 0, answerableBefore: 0 };
    while (await s.queue.prune({ ...limits, sentBefore: START })) await Promise.resolve();
    expect((await s.progress("b")).messages).toEqual([]);
    s.clock.now += editEveryMs;
    const [id] = s.release();
    await s.begin(id!);
    while (await s.queue.prune({ ...limits, sentBefore: START + 1 })) await Promise.resolve();
    expect(s.queue.event("b", "anna")).toMatchObject({ waiting: 1 });
    await s.sent(id!, 77);
    while (await s.queue.prune({ ...limits, sentBefore: START + 1 })) await Promise.resolve();
    expect((await s.progress("c")).messages).toHaveLength(1);
  });
});
