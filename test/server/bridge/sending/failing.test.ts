import { describe, expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, type Overrides, scratch, until } from "../support.ts";

const fast = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
const broken = (times: number) => ({ kind: "status", status: 500, times }) as const;

async function stage(overrides: Overrides["telegram"] = {}) {
  const directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const config = configFor(directory.path, telegram.url, { telegram: { ...fast, ...overrides } });
  let bridge = await bridgeFor(config);
  await until("readiness", () => bridge.obstacles().length === 0);
  return {
    telegram,
    get bridge() {
      return bridge;
    },
    async restart() {
      await bridge.close();
      bridge = await bridgeFor(config);
      await until("readiness", () => bridge.obstacles().length === 0);
    },
    requests: () => telegram.received().filter(({ method }) => method === "sendMessage"),
    says: (words: string) => bridge.log.some((line) => line.includes(words)),
    state: (id: string) => bridge.eventStatus(id, "tester").state,
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe("a message at which Telegram fails", () => {
  test("is given up after so many tries, restarts between them, with what Telegram said; its chat is not blamed", async () => {
    await using s = await stage({ mostFailures: 3 });
    s.telegram.control({ faults: [broken(1_000)] });
    await s.bridge.accept(eventOf("a"));
    await until("a failure", () => s.requests().length >= 1);
    await s.restart();
    await until("the end", () => s.state("a") === "refused");
    expect(s.requests()).toHaveLength(3);
    expect(s.bridge.eventStatus("a", "tester").refusals).toMatchObject([
      { reason: expect.stringMatching(/^given up after 3 tries: .*500/) },
    ]);
    const { refusals, health, queue } = s.bridge.status();
    expect({ refusals, health, queue }).toMatchObject({ refusals: [], health: "healthy", queue: { failed: 1 } });
    s.telegram.control({ reset: true });
    const [{ id = 0 } = {}] = s.bridge.monitoring.deadLetters({ limit: 1 }).dead_letters;
    await s.bridge.monitoring.settleDeadLetter("retry", id, { client: "tester", whose: "own" });
    await until("delivery", () => s.state("a") === "sent");
  });

  test("is not given up for what is not its fault: outages, waiting that Telegram asks for", async () => {
    await using s = await stage({ mostFailures: 1 });
    s.telegram.control({
      faults: [
        { kind: "reset", when: "before", times: 3 },
        { kind: "rate_limit", seconds: 1, times: 1 },
      ],
    });
    await s.bridge.accept(eventOf("a"));
    await until("delivery", () => s.state("a") === "sent");
    expect(s.requests()).toHaveLength(5);
  });

  test("is tried for as long as it takes where no number is set", async () => {
    await using s = await stage({ breakerThreshold: 1_000 });
    s.telegram.control({ faults: [broken(3)] });
    await s.bridge.accept(eventOf("a"));
    await until("delivery", () => s.state("a") === "sent");
  });
});

describe("requests that fail in a row", () => {
  const chats = { allowedUsers: [1, 2, 3, 4, 5, 6], breakerThreshold: 2, parallel: 2 };

  test("stop all of them, then one finds out, and when it gets through all are sent, each once", async () => {
    await using s = await stage(chats);
    s.telegram.control({ faults: [broken(3)] });
    await s.bridge.accept(eventOf("a"));
    await until("the stop", () => s.says("nothing is sent for a while"));
    // Those that were on their way at the stop, and no more.
    expect(s.requests()).toHaveLength(2);
    expect(await s.bridge.metric("cctelegram_tier_circuit_breaker_state")).toBe(2);
    const reason = { tier: "bridge", reason: "server_error" };
    expect(await s.bridge.metric("cctelegram_circuit_breaker_trips_total", reason)).toBe(1);
    await until("delivery", () => s.state("a") === "sent");
    expect(
      s.telegram
        .delivered()
        .map(({ chat_id }) => chat_id)
        .toSorted(),
    ).toEqual(chats.allowedUsers);
    // The first one that finds out fails, too, and no other one goes beside it.
    expect(s.requests().map(({ status }) => status)).toEqual([500, 500, 500, 200, 200, 200, 200, 200, 200]);
    expect(await s.bridge.metric("cctelegram_tier_circuit_breaker_state")).toBe(0);
  });

  test("are over for a bridge that starts again meanwhile: nothing is lost, and nothing sent twice", async () => {
    await using s = await stage(chats);
    s.telegram.control({ faults: [broken(3)] });
    await s.bridge.accept(eventOf("a"));
    await until("the one that finds out", () => s.requests().length >= 3);
    s.telegram.control({ reset: true });
    await s.restart();
    await until("delivery", () => s.state("a") === "sent");
    expect(
      s.telegram
        .delivered()
        .map(({ chat_id }) => chat_id)
        .toSorted(),
    ).toEqual(chats.allowedUsers);
  });

  test("are over, too, when Telegram refuses one in its own words", async () => {
    await using s = await stage({ ...chats, breakerThreshold: 1 });
    s.telegram.control({ blocked: [2, 3, 4, 5, 6], faults: [broken(1)] });
    await s.bridge.accept(eventOf("a"));
    await until("the end", () => s.state("a") === "partly_refused");
    expect(await s.bridge.metric("cctelegram_tier_circuit_breaker_state")).toBe(0);
  });

  test("of which each other one gets through stop nothing", async () => {
    await using s = await stage({ breakerThreshold: 2, parallel: 1 });
    for (const id of ["a", "b", "c"]) {
      s.telegram.control({ faults: [broken(1)] });
      await s.bridge.accept(eventOf(id));
      await until("delivery", () => s.state(id) === "sent");
    }
    expect(s.says("nothing is sent for a while")).toBe(false);
  });
});

test.each([
  [1, [1, 2]],
  [2, [2, 1]],
])("of two messages to two chats %i are on their way at the same time", async (parallel, order) => {
  await using s = await stage({ parallel, allowedUsers: [1, 2] });
  // The first one is told late: where the other one is on its way meanwhile, that comes before it.
  s.telegram.control({ faults: [{ kind: "delay", ms: 1_500, times: 1 }] });
  await s.bridge.accept(eventOf("a"));
  await until("both", () => s.telegram.delivered().length === 2);
  expect(s.telegram.delivered().map(({ chat_id }) => chat_id)).toEqual(order);
});
