import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { ChatLine } from "../../../../server/bridge/pacing/chat-line.ts";
import { ownLane } from "../../../../server/bridge/pacing/lanes.ts";
import { Pacer, type PacerLimits } from "../../../../server/bridge/pacing/pacer.ts";
import { BRIDGE_ITSELF, type PendingMessage } from "../../../../server/bridge/queue/message.ts";

const LIMITS = { messagesPerSecond: 30, messagesPerChatPerSecond: 1 };

type Sent = { readonly id: number; readonly chatId: number; readonly start: number; readonly end: number };

type Arrival = PendingMessage & { readonly at: number; readonly durationMs: number };

function message(id: number, chatId: number, at = 0, durationMs = 1, client = "a"): Arrival {
  return { id, chatId, client, notBefore: 0, at, durationMs };
}

/** Drives the pacer by hand: the time jumps to whatever happens next. */
function run(arrivals: readonly Arrival[], limits: PacerLimits = LIMITS, pacer = new Pacer(limits)): readonly Sent[] {
  const coming = [...arrivals].sort((a, b) => a.at - b.at);
  const byId = new Map(arrivals.map((each) => [each.id, each]));
  const running: Sent[] = [];
  const sent: Sent[] = [];
  let now = 0;
  for (;;) {
    while (coming[0] !== undefined && coming[0].at <= now) pacer.add(coming.shift()!);
    for (const over of running.filter(({ end }) => end <= now)) {
      running.splice(running.indexOf(over), 1);
      pacer.ended(over.chatId, now);
      pacer.settled(over.chatId, now);
    }
    const turn = pacer.next(now);
    if ("id" in turn) {
      pacer.started(turn.chatId, now);
      const each = { ...turn, start: now, end: now + byId.get(turn.id)!.durationMs };
      running.push(each);
      sent.push(each);
      continue;
    }
    now = Math.min(turn.waitUntil, coming[0]?.at ?? Infinity, ...running.map(({ end }) => end));
    if (now === Infinity) return sent;
  }
}

/** Most requests that Telegram may have counted within one span: any moment between start and end counts. */
function mostWithin(sent: readonly Sent[], spanMs: number): number {
  return Math.max(
    0,
    ...sent.map(({ end }) => sent.filter((each) => each.end >= end && each.start < end + spanMs).length),
  );
}

const arrivals = fc
  .array(
    fc.record({
      chatId: fc.constantFrom(1, 2, 3, 4, -7, -8),
      client: fc.constantFrom("a", "b", "c"),
      at: fc.integer({ min: 0, max: 3_000 }),
      durationMs: fc.integer({ min: 1, max: 1_500 }),
      lane: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 120 },
  )
  .map((list) => list.sort((a, b) => a.at - b.at).map((each, index) => ({ ...each, id: index + 1, notBefore: 0 })));

describe("pacer", () => {
  test("no window of any bucket ever holds more than its limit, however long requests take", () => {
    const limits = { messagesPerSecond: 5, messagesPerChatPerSecond: 2, messagesPerGroupPerMinute: 6 };
    fc.assert(
      fc.property(arrivals, (list) => {
        const sent = run(list, limits);
        expect(mostWithin(sent, 1000)).toBeLessThanOrEqual(5);
        for (const chat of [1, 2, 3, 4, -7, -8]) {
          const own = sent.filter(({ chatId }) => chatId === chat);
          expect(mostWithin(own, 1000)).toBeLessThanOrEqual(2);
          if (chat < 0) expect(mostWithin(own, 60_000)).toBeLessThanOrEqual(6);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("what clients sent stays while it is held, what the bridge itself says goes, and then all goes in order", () => {
    const pacer = new Pacer({ messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 });
    pacer.hold(true);
    const own = { id: 3, chatId: 1, client: BRIDGE_ITSELF, notBefore: 0 };
    for (const each of [message(1, 1), message(2, 2), own, message(4, 1)]) pacer.add(each);
    const sendAll = (now: number) => {
      const ids: number[] = [];
      for (let turn = pacer.next(now); "id" in turn; turn = pacer.next(now)) {
        ids.push(turn.id);
        pacer.started(turn.chatId, now);
        pacer.ended(turn.chatId, now);
        pacer.settled(turn.chatId, now);
      }
      return ids;
    };
    expect(sendAll(0)).toEqual([3]);
    expect(pacer.next(0)).toEqual({ waitUntil: Infinity });
    pacer.hold(false);
    expect(sendAll(10)).toEqual([2, 1, 4]);
  });

  test("a chat whose messages are held is not forgotten when there are many chats", () => {
    const pacer = new Pacer({ messagesPerSecond: 100_000, messagesPerChatPerSecond: 100_000 });
    pacer.hold(true);
    for (let chatId = 1; chatId <= 1_100; chatId += 1) pacer.add(message(chatId, chatId));
    pacer.add({ id: 5_000, chatId: 7, client: BRIDGE_ITSELF, notBefore: 0 });
    pacer.started(7, 0);
    pacer.ended(7, 0);
    pacer.settled(7, 10_000);
    pacer.hold(false);
    const chats = new Set<number>();
    for (let turn = pacer.next(20_000); "id" in turn; turn = pacer.next(20_000)) {
      chats.add(turn.chatId);
      pacer.started(turn.chatId, 20_000);
      pacer.dropped(turn.chatId, 20_000);
    }
    expect(chats.size).toBe(1_100);
  });

  test("a message that is dropped takes no place in the windows, and the next one follows at once", () => {
    const pacer = new Pacer(LIMITS);
    for (const id of [1, 2]) pacer.add(message(id, 1));
    pacer.started(1, 0);
    pacer.dropped(1, 0);
    expect(pacer.next(0)).toEqual({ id: 2, chatId: 1 });
  });

  test("every message is sent once, each client's in order within its chat", () => {
    fc.assert(
      fc.property(arrivals, (list) => {
        const sent = run(list);
        expect(sent.map(({ id }) => id).sort((a, b) => a - b)).toEqual(list.map(({ id }) => id));
        const byId = new Map(list.map((each) => [each.id, each]));
        for (const line of Object.values(
          Object.groupBy(sent, ({ id, chatId }) => {
            const { client, lane } = byId.get(id)!;
            return `${chatId} ${lane} ${client}`;
          }),
        )) {
          const ids = (line ?? []).map(({ id }) => id);
          expect(ids).toEqual([...ids].sort((a, b) => a - b));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("whatever others have in a chat's line, a client's message has its turn after one of each of them", () => {
    const backlogs = fc.record({
      a: fc.integer({ min: 0, max: 60 }),
      b: fc.integer({ min: 0, max: 60 }),
      at: fc.nat(20_000),
    });
    fc.assert(
      fc.property(backlogs, ({ a, b, at }) => {
        const backlog = Array.from({ length: a + b }, (_, index) => message(index + 1, 1, 0, 1, index < a ? "a" : "b"));
        const late = message(a + b + 1, 1, at, 1, "late");
        const sent = run([...backlog, late]);
        const place = sent.findIndex(({ id }) => id === late.id);
        const ahead = sent.slice(0, place).filter(({ start }) => start > at);
        expect(ahead.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });

  test("an urgent message goes next in its chat, whatever clients have in its line and in those of others", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(20_000), (chats, at) => {
        const backlog = Array.from({ length: 1_000 }, (_, index) => message(index + 1, 1 + (index % chats)));
        const urgent = { ...message(1_001, 1, at), lane: ownLane };
        const sent = run([...backlog, urgent]);
        expect(sent.find(({ id }) => id === urgent.id)!.start - at).toBeLessThanOrEqual(1_050);
      }),
      { numRuns: 20 },
    );
  });

  test("a place of every second is free for an urgent message, whatever else is sent", () => {
    const backlog = Array.from({ length: 2_000 }, (_, index) => message(index + 1, 1 + (index % 200)));
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 20_000 }), (at) => {
        const urgent = { ...message(2_001, 999, at), lane: ownLane };
        const sent = run([...backlog, urgent], { ...LIMITS, spareForUrgent: 1 });
        expect(sent.find(({ id }) => id === urgent.id)!.start - at).toBeLessThanOrEqual(1);
        expect(
          mostWithin(
            sent.filter(({ start }) => start > at - 3_000 && start < at + 3_000),
            1000,
          ),
        ).toBeLessThanOrEqual(30);
      }),
      { numRuns: 20 },
    );
  });

  test("urgent messages leave every other place to those of clients, in one chat and among all", () => {
    const urgent = (id: number, chatId: number) => ({ ...message(id, chatId), lane: ownLane });
    const oneChat = [urgent(1, 1), urgent(2, 1), urgent(3, 1), urgent(4, 1), message(5, 1), message(6, 1)];
    expect(run(oneChat).map(({ id }) => id)).toEqual([1, 5, 2, 6, 3, 4]);
    const manyChats = Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? urgent(n, n + 1) : message(n, n + 1)));
    const places = run(manyChats).map(({ id }) => id % 2);
    expect(places.slice(0, 10)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  });

  test("a message that is to be sent again keeps its place before the other clients'", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
    pacer.add(message(1, 1, 0, 1, "a"));
    pacer.add(message(2, 1, 0, 1, "b"));
    pacer.started(1, 0);
    pacer.ended(1, 1);
    pacer.retry(1, 5_000);
    expect(pacer.next(5_000)).toEqual({ id: 1, chatId: 1 });
  });

  test("a message that comes back has its place before later ones, and what is under way is still the one that is settled", () => {
    const pacer = new Pacer(LIMITS);
    for (const id of [2, 3]) pacer.add(message(id, 1));
    pacer.started(1, 0);
    pacer.add(message(1, 1));
    pacer.ended(1, 1);
    pacer.settled(1, 1);
    const order: number[] = [];
    for (let now = 2_000; order.length < 2; now += 2_000) {
      const turn = pacer.next(now);
      if (!("id" in turn)) throw new Error("nothing to send");
      order.push(turn.id);
      pacer.started(1, now);
      pacer.ended(1, now);
      pacer.settled(1, now);
    }
    expect(order).toEqual([1, 3]);
  });

  test("it tells what chats wait for, the longest first: a pause, a failed request, and a limit of more than a moment", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerGroupPerMinute: 1 });
    for (const [id, chatId] of [
      [1, 1],
      [2, 2],
      [3, -3],
      [4, -3],
    ] as const)
      pacer.add(message(id, chatId));
    expect(pacer.waits(0, 50)).toEqual([]);
    pacer.started(-3, 0);
    pacer.ended(-3, 0);
    pacer.settled(-3, 0);
    pacer.retry(2, 5_000);
    expect(pacer.pause(1, 90_000, 0)).toBe("chat");
    const waits = pacer.waits(1, 50);
    expect(waits.map(({ chatId, reason }) => [chatId, reason])).toEqual([
      [1, "pause"],
      [-3, "limit"],
      [2, "backoff"],
    ]);
    expect(pacer.waits(1, 1)).toHaveLength(1);
    expect(pacer.used(1)).toBe(1);
    pacer.pauseAll(200_000);
    expect(pacer.waits(1, 50)[0]).toMatchObject({ reason: "pause" });
    expect(pacer.waits(1, 50)[0]).not.toHaveProperty("chatId");
    expect(pacer.waits(300_000, 50)).toEqual([]);
  });

  test("what is under way when a migrated group's messages join it is the one that is settled", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
    pacer.add(message(1, -5));
    pacer.add(message(2, -100));
    pacer.started(-100, 0);
    pacer.migrate(-5, -100);
    pacer.ended(-100, 1);
    pacer.settled(-100, 1);
    expect(pacer.next(2_000)).toEqual({ id: 1, chatId: -100 });
  });

  test("a chat that is found again by its name goes on with what waits, within its limits", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 1 });
    const standIn = -(2 ** 52) - 7;
    pacer.add(message(1, standIn));
    pacer.started(standIn, 0);
    pacer.ended(standIn, 1);
    pacer.migrate(standIn, -100);
    expect(pacer.next(1)).toEqual({ id: 1, chatId: -100 });
    pacer.started(-100, 1);
    pacer.ended(-100, 2);
    pacer.settled(-100, 2);
    pacer.add(message(2, standIn));
    expect(pacer.next(2)).toEqual({ waitUntil: expect.closeTo(1_005, 0) });
    pacer.started(-100, 1_100);
    pacer.ended(-100, 1_101);
    pacer.migrate(-100, -100);
    expect(pacer.next(1_101)).toEqual({ waitUntil: expect.closeTo(2_104, 0) });
    expect(pacer.next(2_200)).toEqual({ id: 2, chatId: -100 });
  });

  test("a chat that was found by its name, and became a supergroup then, is one chat", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 1 });
    const standIn = -(2 ** 52) - 7;
    pacer.add(message(1, standIn));
    pacer.migrate(standIn, -5);
    pacer.migrate(-5, -100);
    for (const [index, chat] of [standIn, -5, -100].entries()) pacer.add(message(index + 2, chat));
    for (let id = 1; id <= 4; id += 1) {
      const now = id * 2_000;
      expect(pacer.next(now)).toEqual({ id, chatId: -100 });
      pacer.started(-100, now);
      pacer.ended(-100, now);
      pacer.settled(-100, now);
      expect(pacer.next(now)).not.toHaveProperty("id");
    }
  });

  test("a name that is found at another place has what waits for it once", () => {
    const pacer = new Pacer(LIMITS);
    const standIn = -(2 ** 52) - 7;
    pacer.add(message(1, standIn));
    pacer.migrate(standIn, -5);
    pacer.migrate(standIn, -6);
    expect(pacer.depths()).toMatchObject({ normal: 1 });
    expect(pacer.next(0)).toEqual({ id: 1, chatId: -6 });
    pacer.started(-6, 0);
    pacer.ended(-6, 1);
    pacer.settled(-6, 1);
    pacer.add(message(2, -5));
    expect(pacer.next(2_000)).toEqual({ id: 2, chatId: -6 });
    expect(pacer.depths()).toMatchObject({ normal: 1 });
  });

  test("a chat with one message waits at most about a second behind ten thousand others", () => {
    const backlog = Array.from({ length: 10_000 }, (_, index) => message(index + 1, 1 + (index % 100)));
    const late = message(10_001, 999, 2_500);
    const sent = turnOf(late, backlog);
    expect(sent.start - late.at).toBeLessThanOrEqual(1_100);
  });

  test("a turn looks at as many chats when ten thousand wait as when ten do, also when they are served and forgotten", () => {
    const looks = vi.spyOn(ChatLine.prototype, "readyAt", "get");
    const looksEach = (chats: number) => {
      const pacer = new Pacer({ messagesPerSecond: 1_000, messagesPerChatPerSecond: 1, parallel: 1_000 });
      for (let id = 1; id <= 2 * chats; id += 1) pacer.add(message(id, 1 + (id % chats)));
      looks.mockClear();
      const turns = Math.min(chats, 500);
      for (let served = 0; served < turns; served += 1) {
        const turn = pacer.next(0);
        if (!("id" in turn)) throw new Error("nothing to send");
        pacer.started(turn.chatId, 0);
        pacer.ended(turn.chatId, 0);
        pacer.settled(turn.chatId, 0);
      }
      return looks.mock.calls.length / turns;
    };
    expect(looksEach(10_000)).toBe(looksEach(10));
    looks.mockRestore();
  });

  test("a message to a chat is delayed until a second after the previous one ended", () => {
    const [first, second] = run([message(1, 1, 0, 300), message(2, 1)]);
    expect(first).toMatchObject({ start: 0, end: 300 });
    expect(second!.start).toBeGreaterThanOrEqual(1_300);
    expect(second!.start).toBeLessThanOrEqual(1_320);
  });

  test("a chat that waits does not hold up the next one", () => {
    const sent = run([message(1, 1), message(2, 1), message(3, 2)]);
    expect(sent.map(({ id }) => id)).toEqual([1, 3, 2]);
  });

  test("a rate below one a second is a longer distance", () => {
    const sent = run([message(1, 1), message(2, 1)], { messagesPerSecond: 30, messagesPerChatPerSecond: 0.25 });
    expect(sent[1]!.start).toBeGreaterThanOrEqual(4_000);
  });

  test("what an earlier process sent counts against the limits", () => {
    const pacer = new Pacer(LIMITS);
    const sends = Array.from({ length: 30 }, (_, index) => ({ chatId: index + 1, at: 9_500 }));
    pacer.restore({ pending: [message(1, 50)], sends, uncertain: 0, pausedUntil: 0 }, 10_000);
    const turn = pacer.next(10_000);
    expect("waitUntil" in turn && turn.waitUntil).toBeGreaterThanOrEqual(10_500);
  });

  test("sends recorded in the future, by a clock since set back, hold nothing up beyond a window", () => {
    const pacer = new Pacer(LIMITS);
    const sends = [{ chatId: 1, at: 9_999_999 }];
    pacer.restore({ pending: [message(1, 1)], sends, uncertain: 0, pausedUntil: 0 }, 10_000);
    const turn = pacer.next(10_000);
    expect("waitUntil" in turn && turn.waitUntil).toBeLessThanOrEqual(11_100);
  });

  test("a 429 pauses its chat, a second chat's 429 the whole bot", () => {
    const pacer = new Pacer(LIMITS);
    for (const chat of [1, 2, 3]) pacer.add(message(chat, chat));
    for (const chat of [1, 2]) pacer.started(chat, 0);
    for (const chat of [1, 2]) pacer.ended(chat, 1);
    expect(pacer.pause(1, 5_000, 1)).toBe("chat");
    pacer.resume(1);
    expect(pacer.next(2)).toEqual({ id: 3, chatId: 3 });
    expect(pacer.pause(2, 7_000, 2)).toBe("bot");
    pacer.resume(2);
    const turn = pacer.next(3);
    expect("waitUntil" in turn && turn.waitUntil).toBeGreaterThanOrEqual(7_000);
  });

  test("the end of an outage ends backing off, but not a pause that Telegram asked for", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
    for (const chat of [1, 2]) pacer.add(message(chat, chat));
    for (const chat of [1, 2]) pacer.started(chat, 0);
    for (const chat of [1, 2]) pacer.ended(chat, 1);
    pacer.retry(1, 60_000);
    pacer.pause(2, 60_000, 1);
    pacer.resume(2);
    pacer.clearBackoff();
    expect(pacer.next(2_000)).toEqual({ id: 1, chatId: 1 });
  });

  test("messages of a migrated group go to the new chat in order, also those that come later", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
    for (const [id, chat] of [
      [1, -5],
      [2, -100],
      [3, -5],
    ] as const)
      pacer.add(message(id, chat));
    pacer.migrate(-5, -100);
    pacer.add(message(4, -5));
    const order: number[] = [];
    for (let now = 0; order.length < 4; now += 1_000) {
      const turn = pacer.next(now);
      if (!("id" in turn)) throw new Error("nothing is due");
      expect(turn.chatId).toBe(-100);
      order.push(turn.id);
      pacer.started(-100, now);
      pacer.ended(-100, now);
      pacer.settled(-100, now);
    }
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test("what is under way to a group that moves may reach the other chat: nothing else is sent there before, nor too soon after", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 1 });
    for (const id of [1, 2]) pacer.add(message(id, -5));
    pacer.started(-5, 0);
    pacer.add(message(3, -100));
    pacer.moved(-5, -100);
    expect(pacer.next(0)).toEqual({ waitUntil: Number.POSITIVE_INFINITY });
    pacer.ended(-5, 40);
    expect(pacer.next(2_000)).toEqual({ waitUntil: Number.POSITIVE_INFINITY });
    pacer.settled(-5, 50);
    expect(pacer.next(50)).toEqual({ waitUntil: expect.closeTo(1_043, 0) });
    expect(pacer.next(1_100)).toEqual({ id: 2, chatId: -100 });
  });

  test("a group that Telegram sends elsewhere than was told before holds neither chat up", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
    pacer.add(message(1, -5));
    pacer.started(-5, 0);
    for (const [id, chat] of [
      [2, -100],
      [3, -200],
    ] as const)
      pacer.add(message(id, chat));
    pacer.moved(-5, -100);
    pacer.moved(-5, -200);
    pacer.ended(-5, 1);
    pacer.migrate(-5, -200);
    const turns = [-100, -200].map(() => {
      const turn = pacer.next(2_000);
      if ("id" in turn) pacer.started(turn.chatId, 2_000);
      return turn;
    });
    expect(turns).toEqual(
      expect.arrayContaining([
        { id: 2, chatId: -100 },
        { id: 1, chatId: -200 },
      ]),
    );
  });

  test("a group whose move is told again holds nothing up", () => {
    const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
    for (const id of [1, 2]) pacer.add(message(id, -5));
    pacer.migrate(-5, -100);
    pacer.started(-100, 0);
    pacer.moved(-5, -100);
    pacer.ended(-100, 1);
    pacer.settled(-100, 1);
    expect(pacer.next(2_000)).toEqual({ id: 2, chatId: -100 });
  });

  test.each(["settled", "retry", "resume", "dropped"] as const)(
    "what waits for a group that moves while a message is under way follows when that has ended: %s",
    (how) => {
      const pacer = new Pacer({ ...LIMITS, messagesPerChatPerSecond: 10 });
      for (const id of [1, 2, 3]) pacer.add(message(id, -5));
      expect(pacer.next(0)).toEqual({ id: 1, chatId: -5 });
      pacer.started(-5, 0);
      pacer.moved(-5, -100);
      pacer.add(message(4, -100));
      if (how !== "dropped") pacer.ended(-5, 1);
      pacer[how](-5, 1);
      const order: number[] = [];
      const left = how === "settled" || how === "dropped" ? [2, 3, 4] : [1, 2, 3, 4];
      for (let now = 10_000; order.length < left.length; now += 10_000) {
        const turn = pacer.next(now);
        if (!("id" in turn)) throw new Error("nothing is due");
        expect(turn.chatId).toBe(-100);
        order.push(turn.id);
        pacer.started(-100, now);
        expect(pacer.next(now)).not.toHaveProperty("id");
        pacer.ended(-100, now);
        pacer.settled(-100, now);
      }
      expect(order).toEqual(left);
    },
  );
});

/** As `run`, with instant requests, until a late message has its turn. */
function turnOf(late: Arrival, backlog: readonly Arrival[]): Sent {
  const pacer = new Pacer(LIMITS);
  for (const each of backlog) pacer.add(each);
  let isAdded = false;
  for (let now = 0; ; ) {
    if (!isAdded && now >= late.at) {
      pacer.add(late);
      isAdded = true;
    }
    const turn = pacer.next(now);
    if ("waitUntil" in turn) {
      now = isAdded ? turn.waitUntil : Math.min(turn.waitUntil, late.at);
      continue;
    }
    if (turn.id === late.id) return { ...turn, start: now, end: now };
    pacer.started(turn.chatId, now);
    pacer.ended(turn.chatId, now);
    pacer.settled(turn.chatId, now);
  }
}
