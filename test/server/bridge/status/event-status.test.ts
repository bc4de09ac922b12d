import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EventStatus, eventPath, eventStatusSchema } from "../../../../contract/event-status.ts";
import { eventNoticeSchema, eventTopic, statusNoticeSchema, statusTopic } from "../../../../contract/relay.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  headersOf,
  queueOn,
  type Scratch,
  scratch,
  signedFetch,
  type TestBridge,
  until,
} from "../support.ts";

let directory: Scratch;
let telegram: TelegramServer;
let bridge: TestBridge;

beforeEach(async () => {
  directory = await scratch();
  telegram = await startTelegram();
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { allowedUsers: [1, 2] } }));
  await until("readiness", () => bridge.obstacles().length === 0);
});

afterEach(async () => {
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

async function statusOf(id: string, client: string | undefined = "tester"): Promise<EventStatus> {
  const answer = await signedFetch(`${bridge.url}${eventPath(id, client)}`, "GET");
  expect(answer.status).toBe(200);
  return eventStatusSchema.parse(await answer.json());
}

const settled = (id: string) => until(`${id} settled`, () => bridge.eventStatus(id, undefined).state !== "waiting");

const textsOf = (topic: string) => bridge.relay.recall({ topic }).messages.map(({ text }) => JSON.parse(text));
const noticesOf = (id: string) => textsOf(eventTopic(id)).map((text) => eventNoticeSchema.parse(text));

describe("an event", () => {
  test("that every recipient got is sent, and its topic told so", async () => {
    const before = new Date().toISOString();
    await bridge.accept(eventOf("e1"));
    await settled("e1");
    const status = await statusOf("e1");
    expect(status).toMatchObject({
      event_id: "e1",
      state: "sent",
      messages: { total: 2, waiting: 0, sent: 2, refused: 0 },
      refusals: [],
    });
    expect(status).not.toHaveProperty("waiting");
    expect(Date.parse(status.accepted_at)).toBeGreaterThanOrEqual(Date.parse(before) - 1_000);
    expect(Date.parse(status.settled_at ?? "")).toBeGreaterThanOrEqual(Date.parse(status.accepted_at));
    expect(noticesOf("e1")).toEqual([
      { event_id: "e1", client: "tester", state: "waiting" },
      { event_id: "e1", client: "tester", state: "sent" },
    ]);
  });

  test.each([
    [[2], "partly_refused", { total: 2, waiting: 0, sent: 1, refused: 1 }],
    [[1, 2], "refused", { total: 2, waiting: 0, sent: 0, refused: 2 }],
  ])("that chats %j refuse shows Telegram's words, also after a restart", async (blocked, state, messages) => {
    telegram.control({ blocked });
    await bridge.accept(eventOf("e1"));
    await settled("e1");
    const status = await statusOf("e1");
    expect(status).toMatchObject({ state, messages });
    expect(status.refusals.map(({ chat_id }) => chat_id).sort()).toEqual(blocked);
    expect(status.refusals[0]?.reason).toMatch(/403.*bot was blocked by the user/);
    expect(noticesOf("e1").at(-1)).toMatchObject({ state });
    await bridge.close();
    bridge = await bridgeFor(configFor(directory.path, telegram.url));
    expect(await statusOf("e1")).toEqual(status);
  });

  test("waits for Telegram while that is away, with the reason and the time of the next try", async () => {
    const told = () => textsOf(statusTopic).map((text) => statusNoticeSchema.parse(text).telegram_reachable);
    await until("the start told", () => told().length === 1);
    telegram.control({ outage: true });
    await bridge.accept(eventOf("e1"));
    await until("the outage noticed", () => bridge.obstacles().length === 1);
    const status = await statusOf("e1");
    expect(status).toMatchObject({ state: "waiting", messages: { total: 2, waiting: 2, sent: 0 } });
    expect(status).not.toHaveProperty("settled_at");
    expect(status.waiting?.reason).toMatch(/^Telegram is not reachable: /);
    expect(Date.parse(status.waiting?.until ?? "")).toBeGreaterThan(Date.now() - 1_000);
    await until("the outage told", () => told().length === 2);
    telegram.control({ outage: false });
    await settled("e1");
    expect(await statusOf("e1")).toMatchObject({ state: "sent" });
    await until("the end told", () => told().length === 3);
    expect(told()).toEqual([true, false, true]);
  });

  test("waits for the time that Telegram asks for, in Telegram's words", async () => {
    telegram.control({ faults: [{ kind: "rate_limit", seconds: 5, times: 1 }] });
    await bridge.accept(eventOf("e1"));
    await until("the other message sent", () => bridge.eventStatus("e1", undefined).messages.sent === 1);
    const { waiting } = await statusOf("e1");
    expect(waiting?.reason).toMatch(/^Telegram asked the bot to wait: 429.*retry after 5/);
    expect(Date.parse(waiting?.until ?? "")).toBeGreaterThan(Date.now());
    await settled("e1");
  });

  test("waits behind others of its chat, which has no time", async () => {
    for (const id of ["e1", "e2"]) await bridge.accept(eventOf(id));
    const { waiting } = await statusOf("e2");
    expect(waiting).toEqual({ reason: expect.stringMatching(/other messages go before it/) });
  });

  test.each(["../../status", "größe ", "a/b?c=d#e", "%2e", "🎉".repeat(64)])("may be called %j", async (id) => {
    await bridge.accept(eventOf(id));
    expect(await statusOf(id)).toMatchObject({ event_id: id });
    expect(noticesOf(id)[0]).toMatchObject({ event_id: id });
  });
});

describe("an event is not shown", () => {
  const ask = async (path: string) => {
    const answer = await signedFetch(`${bridge.url}${path}`, "GET");
    return [answer.status, ((await answer.json()) as { code?: string }).code];
  };

  test("to another client, and one that nobody sent to nobody", async () => {
    await bridge.accept(eventOf("e1"));
    expect(await ask(eventPath("e1", undefined))).toEqual([200, undefined]);
    for (const path of [eventPath("e1", "other"), eventPath("e1", ""), eventPath("e2", "tester"), "/events/"]) {
      expect(await ask(path), path).toEqual([404, "EVENT_NOT_FOUND"]);
    }
  });

  test("to who names two clients, or changes the name that was signed", async () => {
    await bridge.accept(eventOf("e1"));
    expect(await ask("/events/e1?client=other&client=tester")).toEqual([400, "VALIDATION_ERROR"]);
    const headers = headersOf(`${bridge.url}${eventPath("e1", "other")}`, "GET", "");
    expect((await fetch(`${bridge.url}${eventPath("e1", "tester")}`, { headers })).status).toBe(401);
  });

  test("when it is past its retention, and counts stay right when refused messages are", async () => {
    await using other = await scratch();
    const limits = { total: { messages: 100, bytes: 2 ** 20 }, clientShare: 1 };
    const queue = queueOn({ path: join(other.path, "q"), limits, recipients: [1], now: () => 1_000 });
    const messages = [{ chatId: 1, part: 0, text: "x", entities: [] }];
    const stored = await queue.accept({ id: "e1", client: "a", acceptedAt: 1_000, messages });
    const [id = 0] = stored.messages.map((message) => message.id);
    await queue.begin([id]);
    const event = { id: "e1", client: "a", total: 1, refused: 1, muted: 0, expired: 0, replaced: 0 };
    expect(await queue.settle(id, { kind: "failed", at: 1_500, error: "403: Forbidden" })).toEqual(event);
    await queue.prune({ sentBefore: 1_000, failedBefore: 2_000, sendsBefore: 0, answerableBefore: 0 });
    expect(queue.event("e1", undefined)).toMatchObject({ ...event, waiting: 0, refusals: [] });
    await queue.prune({ sentBefore: 2_000, failedBefore: 2_000, sendsBefore: 0, answerableBefore: 0 });
    expect(queue.event("e1", undefined)).toBeUndefined();
    await queue.close();
  });
});
