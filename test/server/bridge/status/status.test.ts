import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refusalsOf, warningOf } from "../../../../server/bridge/status/refusals.ts";
import { type Facts, healthOf, obstacles, statusOf, waitingOf } from "../../../../server/bridge/status/status.ts";

const now = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(now + seconds * 1_000).toISOString();

const well: Facts = {
  queue: { usable: true, broken: false, pending: 0, failed: 0, refusedChats: [], refusedTopics: [] },
  queueLimit: 100,
  telegram: { reachable: true, bot_username: "team_bot", checked_at: at(0) },
  nextCheckAt: now + 8_000,
  pause: undefined,
  paused: undefined,
  closing: false,
  fenced: undefined,
  receiving: { mode: "Polling", receiving: true, other_consumer: false },
  silence: undefined,
  now,
};

const blocked = { chatId: 7, error: "403: Forbidden: bot was blocked by the user", messages: 3, at: now };

describe("what delivery waits for", () => {
  test("is nothing when all is well, or for a moment only", () => {
    expect(waitingOf(well)).toBeUndefined();
    expect(waitingOf({ ...well, pause: { until: now + 3_000, chatId: 1 } })).toBeUndefined();
  });

  test.each<[string, Partial<Facts>, string, string]>([
    ["a pause of the bot", { pause: { until: now + 60_000 } }, "Telegram asked the bot to wait", at(60)],
    [
      "a pause of a chat",
      { pause: { until: now + 60_000, chatId: -5 } },
      "Telegram asked the bot to wait with messages to one chat",
      at(60),
    ],
    [
      "an outage",
      { telegram: { reachable: false, error: "connect ECONNREFUSED", checked_at: at(0) } },
      "Telegram is not reachable: connect ECONNREFUSED",
      at(8),
    ],
    [
      "a full disk",
      { queue: { ...well.queue, usable: false, error: "database or disk is full" } },
      "the queue cannot write: database or disk is full",
      at(1),
    ],
  ])("is told for %s, with the time of the next try", (_case, facts, reason, until) => {
    expect(waitingOf({ ...well, ...facts })).toEqual({ reason, until });
  });
});

describe("refused recipients", () => {
  test.each([
    ["400: Bad Request: chat not found", /has not pressed Start, or the id is wrong/, /open @team_bot and press Start/],
    ["403: Forbidden: bot can't initiate conversation with a user", /has not pressed Start/, /press Start/],
    ["403: Forbidden: bot was blocked by the user", /chat 7 has blocked the bot/, /unblock @team_bot/],
    ["403: Forbidden: user is deactivated", /does not exist any more/, /take the id out/],
    ["403: Forbidden: bot was kicked from the supergroup chat", /without the bot/, /add @team_bot to it again/],
    ["400: Bad Request: not enough rights to send text messages to the chat", /does not let the bot write/, /right/],
  ])("are told with what to do: %s", (error, reason, hint) => {
    const [refusal] = refusalsOf([{ ...blocked, error }], "team_bot");
    expect(refusal).toMatchObject({ chat_id: 7, messages: 3, at: at(0) });
    expect(refusal?.reason).toMatch(reason);
    expect(refusal?.hint).toMatch(hint);
  });

  test("are told in Telegram's words when those are not known", () => {
    expect(refusalsOf([{ ...blocked, error: "400: Bad Request: something new" }], undefined)).toEqual([
      { chat_id: 7, reason: "chat 7 refuses messages: 400: Bad Request: something new", messages: 3, at: at(0) },
    ]);
  });

  test("are at most twenty, the newest, in texts that no terminal minds", () => {
    const chats = fc.array(
      fc.record({
        chatId: fc.integer(),
        error: fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), fc.constant("\u001b[2J\r\n\u202e".repeat(200))),
        messages: fc.nat(),
        at: fc.integer({ min: 0, max: now }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(chats, (list) => {
        const refusals = refusalsOf(list, undefined);
        expect(refusals).toHaveLength(Math.min(list.length, 20));
        expect(refusals.map((refusal) => refusal.at)).toEqual(
          refusals
            .map((refusal) => refusal.at)
            .toSorted()
            .reverse(),
        );
        for (const { reason } of refusals) {
          expect(reason.length).toBeLessThanOrEqual(256);
          expect(reason).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
          expect(reason.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  test("make the bridge degraded, but not unready", () => {
    const facts = { ...well, queue: { ...well.queue, refusedChats: [blocked] } };
    expect([healthOf(well), healthOf(facts)]).toEqual(["healthy", "degraded"]);
    expect(obstacles(facts)).toEqual([]);
    const counts = { events_processed: 0, telegram_messages_sent: 0, error_count: 0 };
    const usage = { memory_usage_mb: 1, cpu_usage_percent: 1 };
    const status = statusOf({ facts, version: "1", uptimeSeconds: 1, counts, usage, lastEventTime: undefined });
    expect(status.refusals).toHaveLength(1);
  });

  test("are a warning for the sender when there is no other recipient", () => {
    expect(warningOf([7, 8], [blocked], "team_bot")).toBeUndefined();
    expect(warningOf([], [blocked], "team_bot")).toBeUndefined();
    expect(warningOf([7, 7], [blocked], "team_bot")).toMatch(/every recipient.* chat 7 has blocked the bot: ask/);
  });
});
