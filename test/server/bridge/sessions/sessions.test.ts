import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sessionLimits } from "../../../../contract/sessions.ts";
import { SqliteQueue } from "../../../../server/bridge/queue/sqlite-queue.ts";
import { Store } from "../../../../server/bridge/storage/store.ts";
import { type Scratch, scratch } from "../support.ts";
import { sessionsOn, textOf } from "./support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const api = { client: "ci", name: "api" };
const one = { ...api, holder: "one" };
const two = { ...api, holder: "two" };

let directory: Scratch;
let at = 1_000_000;
let open: ReturnType<typeof opened>;

function opened() {
  const now = () => at;
  const store = new Store({ path: join(directory.path, "queue.sqlite"), now });
  const limits = { total: { messages: 10_000, bytes: 2 ** 24 }, clientShare: 1 };
  const queue = new SqliteQueue(store, { limits, recipients: [1], now });
  return { store, queue, ...sessionsOn(store, queue, now) };
}

beforeEach(async () => {
  directory = await scratch();
  at = 1_000_000;
  open = opened();
});

afterEach(async () => {
  open.store.close();
  await directory[Symbol.asyncDispose]();
});

/** The process dies, and another one opens the file. */
function reopen(): void {
  open.store.close();
  open = opened();
}

async function say(text: string, name = "api"): Promise<void> {
  const session = open.table.require({ client: "ci", name });
  const said = { session: session.row, at, chatId: 1, messageId: 1, content: text, meta: {}, response: 1 };
  await open.store.write(() => open.events.addMessage(said));
}

const register = (who = one, take_over = false) => open.sessions.register({ ...who, take_over });
const listen = async (who = one) => (await open.sessions.listen(who)).generation;
const texts = async (generation: number, after = 0, who = one) =>
  (await open.sessions.next({ ...who, generation, after })).events.map(textOf);

describe("a session's name", () => {
  test("is its client's own, and one holder's as long as that is there", async () => {
    expect((await register()).is_new).toBe(true);
    expect((await register()).is_new).toBe(false);
    await expect(register(two)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN", details: { name: "api" } });
    expect((await register({ ...two, client: "other" })).session).toMatchObject({ id: 2, client: "other" });
    at += sessionLimits.leaseSeconds * 1_000;
    expect(open.sessions.list("ci")).toMatchObject([{ name: "api", state: "away" }]);
    expect((await register(two)).session).toMatchObject({ id: 1, state: "here" });
    expect(open.sessions.list("other")).toHaveLength(1);
  });

  test("is free soon after its holder's connection is gone, for another one of its client", async () => {
    await register();
    const generation = await listen();
    await open.sessions.listen({ ...one, generation, lease_seconds: sessionLimits.returnSeconds });
    await expect(register(two)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    expect((await register({ ...two, client: "other" })).session).toMatchObject({ id: 2, client: "other" });
    at += sessionLimits.returnSeconds * 1_000;
    expect((await register(two)).session).toMatchObject({ id: 1, state: "here" });
    await expect(listen(one)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    await expect(register(one)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    await expect(texts(generation)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    await say("hello");
    expect(await texts(await listen(two), 0, two)).toEqual(["hello"]);
  });

  test("stays with a holder that comes back, also when word of the former connection comes late", async () => {
    await register();
    const generation = await listen();
    const gone = { ...one, generation, lease_seconds: sessionLimits.returnSeconds };
    await open.sessions.listen(gone);
    expect(await listen()).toBe(generation + 1);
    await expect(open.sessions.listen(gone)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    at += sessionLimits.returnSeconds * 1_000;
    await expect(register(two)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    expect(open.sessions.list("ci")).toMatchObject([{ state: "here" }]);
    // It also may come back when the time is over, as long as nobody else has come.
    await open.sessions.listen({ ...gone, generation: generation + 1 });
    at += sessionLimits.returnSeconds * 1_000;
    expect(await listen()).toBe(generation + 2);
    await expect(register(two)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
  });

  test("is taken over by whoever says so, and the former holder is fenced off", async () => {
    await register();
    const first = await listen();
    await register(two, true);
    await expect(texts(first)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    await expect(open.sessions.listen({ ...one, generation: first })).rejects.toMatchObject({
      code: "SESSION_NAME_TAKEN",
    });
    expect(await open.sessions.leave(one)).toBe(false);
    expect(await listen(two)).toBeGreaterThan(first);
  });

  test("the same holder on another pod fences the first pod off", async () => {
    await register();
    await say("hello");
    const first = await listen();
    expect(await texts(first)).toEqual(["hello"]);
    const second = await listen();
    expect(second).toBe(first + 1);
    await expect(texts(first)).rejects.toMatchObject({ code: "SESSION_NAME_TAKEN" });
    expect(await open.sessions.settle({ ...api, generation: first, ending: "read", ids: [1] })).toBe(1);
    expect(await texts(second)).toEqual([]);
  });

  test("a client has so many, and others know nothing of them", async () => {
    for (let n = 0; n < sessionLimits.sessions; n += 1) await register({ ...one, name: `s${n}` });
    await expect(register({ ...one, name: "more" })).rejects.toMatchObject({ reason: "client_quota" });
    await register({ ...one, client: "other", name: "more" });
    await expect(open.sessions.listen({ ...one, client: "other", name: "s1" })).rejects.toMatchObject({
      code: "UNKNOWN_SESSION",
    });
  });
});

describe("what waits for a session", () => {
  test("is handed over in order, the same again after a lost answer, and under the same ids after a crash", async () => {
    await register();
    for (const text of ["a", "b", "c"]) await say(text);
    const first = await listen();
    expect(await texts(first)).toEqual(["a", "b", "c"]);
    expect(await texts(first)).toEqual(["a", "b", "c"]);
    expect(await texts(first, 2)).toEqual(["c"]);
    await open.sessions.settle({ ...api, generation: first, ending: "read", ids: [1] });
    reopen();
    const second = await listen();
    const { events } = await open.sessions.next({ ...one, generation: second });
    expect(events).toMatchObject([
      { id: 2, content: "b", meta: { event_id: "said-2", again: "true" } },
      { id: 3, content: "c", meta: { event_id: "said-3", again: "true" } },
    ]);
    await say("d");
    const { events: more } = await open.sessions.next({ ...one, generation: second, after: 3 });
    expect(more).toMatchObject([{ content: "d", meta: { age_seconds: "0" } }]);
    expect(more[0]).not.toHaveProperty("meta.again");
  });

  test("is settled once, and what another generation was handed is not", async () => {
    await register();
    await say("a");
    const first = await listen();
    await texts(first);
    const second = await listen();
    await texts(second);
    expect(await open.sessions.settle({ ...api, generation: first, ending: "written", ids: [1] })).toBe(0);
    expect(await open.sessions.settle({ ...api, generation: second, ending: "read", ids: [1, 99] })).toBe(1);
    expect(await open.sessions.settle({ ...api, ending: "pulled", ids: [1] })).toBe(0);
    await expect(open.sessions.settle({ ...api, ending: "read", ids: [1] })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
    });
  });

  test("pages tell that there is more", async () => {
    await register();
    for (const text of ["a", "b", "c"]) await say(text);
    const generation = await listen();
    expect(await open.sessions.next({ ...one, generation, limit: 2 })).toMatchObject({ events: [{}, {}], more: true });
    expect(await open.sessions.next({ ...one, generation, after: 2, limit: 2 })).toMatchObject({ more: false });
  });

  test("tells a chat once an hour that more waits than is kept, however much is said there", async () => {
    await register();
    const session = open.table.require(api);
    const from = { id: 1, is_bot: false, first_name: "Anna" };
    const said = { type: "text" as const, from, text: "more", messageId: 1 };
    await open.store.write(() => {
      const message = { session: session.row, at, messageId: 1, content: "before", meta: {}, response: 1 };
      for (let n = 0; n < sessionLimits.waiting; n += 1) open.events.addMessage({ ...message, chatId: 1 + (n % 2) });
    });
    const lines = (chatId: number) =>
      open.store.write(() => open.hearing.hear({ ...said, chatId }, { session, binds: false }, 1, at).lines.length);
    expect([await lines(1), await lines(1), await lines(2), await lines(1)]).toEqual([1, 0, 1, 0]);
    at += HOUR;
    expect([await lines(1), await lines(1)]).toEqual([1, 0]);
    expect(open.events.countOpen(session.row)).toBe(sessionLimits.waiting);
  });

  test("is bounded: the oldest goes, and what is a week old", async () => {
    await register();
    for (let n = 0; n <= sessionLimits.waiting; n += 1) await say(String(n));
    expect(open.events.countOpen(1)).toBe(sessionLimits.waiting);
    const generation = await listen();
    expect(await texts(generation)).toContain("1");
    expect(await texts(generation)).not.toContain("0");
    at += sessionLimits.waitingDays * DAY + 1;
    while (await open.sessions.prune());
    expect(open.events.countOpen(1)).toBe(0);
    expect(open.sessions.list("ci")).toHaveLength(1);
  });

  test("of a session that nobody has heard of for 30 days everything goes", async () => {
    await register();
    await open.store.write(() => open.bindings.bind({ chatId: 1, session: 1, by: 1, at, made: false }));
    at += 30 * DAY + 1;
    while (await open.sessions.prune());
    expect(open.sessions.list("ci")).toEqual([]);
    expect(open.bindings.at({ chatId: 1 })).toBeUndefined();
  });

  test("a verdict is for the holder that asked", async () => {
    await register();
    const verdict = { session: 1, holder: "one", at, requestId: "abcde", behavior: "allow" as const };
    await open.store.write(() => open.events.addVerdict(verdict));
    await register(two, true);
    expect(await texts(await listen(two), 0, two)).toEqual([]);
    expect(open.events.countOpen(1)).toBe(0);
  });
});

test("bindings move with a group that becomes a supergroup", async () => {
  await register();
  await say("hello");
  await open.store.write(() => open.bindings.bind({ chatId: -5, topic: 7, session: 1, by: 1, at, made: false }));
  await open.queue.migrateChat(-5, -1_000_000_000_005);
  expect(open.bindings.at({ chatId: -5, topic: 7 })).toBeUndefined();
  expect(open.bindings.at({ chatId: -1_000_000_000_005, topic: 7 })).toMatchObject({ session: 1 });
});
