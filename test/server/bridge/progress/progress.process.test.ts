import { describe, expect, test } from "vitest";
import type { Event } from "../../../../contract/event.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { bridgeFor, configFor, eventOf, type Overrides, post, scratch, TOKEN, until, wrongs } from "../support.ts";

const editEveryMs = 3_000;

async function stage(overrides: Overrides = {}) {
  const directory = await scratch();
  const telegram = await startTelegram();
  const bridge = await bridgeFor(configFor(directory.path, telegram.url, overrides));
  return {
    telegram,
    bridge,
    progress: (id: string, description: string, fields: Partial<Event> = {}) =>
      bridge.accept(eventOf(id, { type: "task_progress", title: "Build", task_id: "build", description, ...fields })),
    edits: () => telegram.calls("editMessageText"),
    delivered: (count: number) => until(`${count} messages`, () => telegram.delivered().length >= count),
    shows: (messageId: number, words: string) =>
      until(`"${words}"`, () => telegram.textOf(TOKEN, messageId)?.includes(`\n\n${words}\n`) === true),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent("a task's progress", () => {
  test("is one message that is edited at most every three seconds; its end is a new one", async () => {
    await using s = await stage();
    await s.progress("p0", "step 0");
    await s.delivered(1);
    // At once: between them no edit is due, however slow this is.
    await Promise.all(Array.from({ length: 20 }, (_, n) => s.progress(`p${n + 1}`, `step ${n + 1}`)));
    await s.bridge.accept(eventOf("end", { type: "task_completion", title: "Built", task_id: "build" }));
    await s.delivered(2);
    await s.shows(1, "step 20");
    expect(s.telegram.delivered().map(({ text }) => text?.split("\n")[0])).toEqual(["📊 Build", "✅ Built"]);
    expect(s.edits()).toHaveLength(1);
    const [first] = s.telegram.delivered();
    expect(s.edits()[0]!.steady - first!.steady).toBeGreaterThanOrEqual(editEveryMs);
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(s.bridge.eventStatus("p20", "tester")).toMatchObject({ state: "sent", messages: { total: 1, sent: 1 } });
    expect(s.bridge.eventStatus("p7", "tester")).toMatchObject({
      state: "sent",
      messages: { total: 1, sent: 0 },
      replaced: 1,
    });
    expect(s.telegram.violations()).toEqual([]);
    await s.progress("again", "another run");
    await s.delivered(3);
  });

  test("that says the same, or whose message somebody has deleted, makes no mistake at Telegram", async () => {
    await using s = await stage();
    await s.progress("p0", "half");
    await s.delivered(1);
    await s.progress("p1", "half");
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(s.edits()).toEqual([]);
    s.telegram.control({ deleted: [1] });
    await s.progress("p2", "more");
    await s.delivered(2);
    await s.progress("p3", "all");
    await s.shows(2, "all");
    expect(s.telegram.violations()).toEqual([]);
    expect(s.bridge.eventStatus("p2", "tester")).toMatchObject({ state: "sent" });
  });

  test("of several tasks and chats is edited within the limits, and what is cut says so", async () => {
    await using s = await stage({ telegram: { allowedUsers: [1, 2, -3] } });
    const tasks = ["a", "b"];
    for (const task_id of tasks) await s.progress(`${task_id}-first`, `${task_id} begins`, { task_id });
    await s.delivered(6);
    for (const task_id of tasks) await s.progress(`${task_id}-long`, "x".repeat(9_000), { task_id });
    await until("all edits", () => s.edits().filter(({ status }) => status === 200).length === 6);
    expect(s.telegram.violations()).toEqual([]);
    expect(s.telegram.textOf(TOKEN, 1)).toMatch(/… cut: \d+ of 9000 characters were left out\n\n— tester$/);
  });

  test("that goes back to what it said before is shown, also where what says the same is not sent again", async () => {
    await using s = await stage({ deduplicationMs: 60_000 });
    await s.progress("p0", "waiting");
    await s.delivered(1);
    await s.progress("p1", "working");
    await s.shows(1, "working");
    expect(await s.progress("p2", "waiting")).toMatchObject({ duplicate: false });
    await s.shows(1, "waiting");
    const done = { type: "task_failed", title: "Failed", task_id: "build" };
    for (const id of ["e1", "e2"]) await s.bridge.accept(eventOf(id, done));
    await s.progress("p3", "again");
    await s.delivered(3);
    expect(s.telegram.delivered().map(({ text }) => text?.split("\n")[0])).toEqual([
      "📊 Build",
      "❌ Failed",
      "📊 Build",
    ]);
  });

  test("without a task of its own is a message each time", async () => {
    await using s = await stage();
    await s.progress("p0", "one", { task_id: "p0" });
    await s.progress("p1", "two", { task_id: "p1" });
    await s.delivered(2);
    expect(s.edits()).toEqual([]);
  });

  test("an edit that is answered with 429, a 500 or by silence is done again, and shows the last one", async () => {
    await using s = await stage();
    await s.progress("p0", "begin");
    await s.delivered(1);
    s.telegram.control({
      faults: [
        { kind: "rate_limit", method: "editMessageText", seconds: 1, times: 1 },
        { kind: "status", method: "editMessageText", status: 500, times: 1 },
        { kind: "reset", method: "editMessageText", when: "after", times: 1 },
      ],
    });
    await s.progress("p1", "last");
    await until("the record", () => s.bridge.status().queue.pending === 0);
    await s.shows(1, "last");
    expect(s.edits().map(({ status }) => status)).toEqual([429, 500, 0, 400]);
    expect(wrongs(s.telegram.violations())).toEqual([]);
    expect(s.bridge.eventStatus("p1", "tester")).toMatchObject({ state: "sent", messages: { sent: 1 } });
  });
});

test("a bridge killed at any step loses no last progress, and doubles no message that it cannot have known of", async () => {
  const kills = 12;
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: { global: 100, perChat: 50, perGroupMinute: 20 } });
  telegram.control({
    faults: ["sendMessage", "editMessageText"].map((method) => ({ kind: "delay", method, ms: 40, times: 1_000_000 })),
  });
  const rates = { messagesPerSecond: 100, messagesPerChatPerSecond: 50 };
  const config = configFor(directory.path, telegram.url, { telegram: { allowedUsers: [1, 2], ...rates } });
  const last = new Map<string, number>();
  let marks = 0;
  let step = 0;
  let { child, url, uncertain } = await startBridgeProcess(config);
  for (let round = 0; round < kills; round += 1) {
    // Until a moment of chance, so that kills meet first messages, edits and what waits between them.
    const end = performance.now() + Math.random() * (round % 2 === 0 ? 150 : 1_500);
    for (let n = 0; n === 0 || performance.now() < end; n += 1, step += 1) {
      const task_id = `task-${round - (n % 3)}`;
      const fields = { type: "progress_update", title: task_id, task_id, description: `step ${step}` };
      const answer = await post(url, eventOf(`p${step}`, fields)).catch(() => undefined);
      if (answer?.status === 202) last.set(task_id, step);
    }
    await stopProcess(child, "SIGKILL");
    ({ child, url, uncertain } = await startBridgeProcess(config));
    marks += uncertain;
  }
  const messagesOf = (task: string, chat: number) =>
    telegram.delivered().filter(({ chat_id, text }) => chat_id === chat && text?.startsWith(`🔄 ${task}\n`));
  const shows = (task: string, chat: number, words: string) => {
    const ids = messagesOf(task, chat).map(({ message_id }) => message_id ?? 0);
    return ids.some((id) => telegram.textOf(TOKEN, id)?.includes(`\n\n${words}\n`));
  };
  const missing = () =>
    [...last].flatMap(([task, n]) => [1, 2].filter((chat) => !shows(task, chat, `step ${n}`)).map(() => task));
  await until("the last progress of every task", () => missing().length === 0);
  await stopProcess(child, "SIGTERM");
  await telegram.close();
  const doubled = [...last.keys()].flatMap((task) => [1, 2].map((chat) => messagesOf(task, chat).length - 1));
  const copies = doubled.reduce((sum, n) => sum + n, 0);
  console.log(`${step} steps of ${last.size} tasks over ${kills} kills, ${copies} copies, ${marks} marks`);
  expect(last.size).toBeGreaterThan(kills / 2);
  expect(copies).toBeLessThanOrEqual(marks);
  expect(wrongs(telegram.violations())).toEqual([]);
});
