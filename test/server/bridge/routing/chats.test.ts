import { describe, expect, test } from "vitest";
import type { Chat, Route } from "../../../../contract/chats.ts";
import type { BridgeConfig } from "../../../../server/bridge/config.ts";
import type { TestGroup } from "../../../telegram/groups.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, scratch, type TestBridge, TOKEN, until } from "../support.ts";

const OPS = -1_001_234_567_890;
const NEWS = -1_009_876_543_210;
const everything = (...chats: string[]): Route => ({ eventTypes: ["*"], chats });

type Setting = {
  readonly chats: readonly Chat[];
  readonly routes?: readonly Route[];
  readonly groups?: readonly TestGroup[];
};

async function stage({ chats, routes = [everything(...chats.map(({ name }) => name))], groups = [] }: Setting) {
  const directory = await scratch();
  const telegram = await startTelegram({ tokens: [TOKEN] });
  telegram.control({ groups });
  const telegramConfig: Partial<BridgeConfig["telegram"]> = {
    chats,
    routes,
    updates: { mode: "Polling", pollSeconds: 1 },
  };
  const config = configFor(directory.path, telegram.url, { telegram: telegramConfig });
  const start = () => bridgeFor(config);
  let bridge = await start();
  return {
    telegram,
    get bridge() {
      return bridge;
    },
    restart: async () => {
      await bridge.close();
      bridge = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const settled = (bridge: TestBridge) => until("an empty queue", () => bridge.status().queue.pending === 0);

/** Where messages arrived, and which. */
function arrived(telegram: TelegramServer) {
  return telegram.delivered().map(({ chat_id, message_thread_id, text }) => {
    return [chat_id, message_thread_id, /Event (\S+)/.exec(text ?? "")?.[1]];
  });
}

describe.concurrent("messages arrive", () => {
  test("where the routes say: in a group, a topic and a channel by its name, and else at the allowed users", async () => {
    await using s = await stage({
      chats: [
        { name: "ops", id: -5 },
        { name: "alerts", id: OPS, topic: 7 },
        { name: "news", id: "@Team_News" },
      ],
      routes: [
        { severities: ["critical"], chats: ["alerts"] },
        { clients: ["ci"], chats: ["ops"] },
        { eventTypes: ["code_deployment"], chats: ["news"] },
      ],
      groups: [
        { id: OPS, type: "supergroup", topics: [{ id: 7 }] },
        { id: NEWS, type: "channel", username: "team_news" },
      ],
    });
    await s.bridge.accept(eventOf("a", { data: { severity: "critical" } }));
    await s.bridge.accept(eventOf("b", { client: "ci" }));
    await s.bridge.accept(eventOf("c", { type: "code_deployment" }));
    await s.bridge.accept(eventOf("d"));
    await settled(s.bridge);
    expect(arrived(s.telegram).toSorted()).toEqual(
      [
        [OPS, 7, "a"],
        [-5, undefined, "b"],
        [NEWS, undefined, "c"],
        [1, undefined, "d"],
      ].toSorted(),
    );
    expect(s.telegram.violations()).toEqual([]);
    expect(s.bridge.status()).toMatchObject({ health: "healthy", refusals: [] });
    expect(s.bridge.status()).not.toHaveProperty("refused_topics");
    expect(s.bridge.status().metrics.error_count).toBe(0);
  });

  test("in a channel whose name is asked for once, also over a restart", async () => {
    await using s = await stage({
      chats: [{ name: "news", id: "@team_news" }],
      groups: [{ id: NEWS, type: "channel", username: "Team_News" }],
    });
    await s.bridge.accept(eventOf("a"));
    await settled(s.bridge);
    // Whoever takes the name over gets nothing.
    s.telegram.control({
      groups: [
        { id: NEWS, type: "channel", username: "renamed" },
        { id: -1_005, type: "channel", username: "team_news" },
      ],
    });
    await s.restart();
    await s.bridge.accept(eventOf("b"));
    await settled(s.bridge);
    expect(arrived(s.telegram)).toEqual([
      [NEWS, undefined, "a"],
      [NEWS, undefined, "b"],
    ]);
    expect(s.telegram.calls("getChat")).toHaveLength(1);
  });

  test("in order when Telegram could not tell whose a name is at first", async () => {
    await using s = await stage({
      chats: [{ name: "news", id: "@team_news" }],
      groups: [{ id: NEWS, type: "channel", username: "team_news" }],
    });
    s.telegram.control({ faults: [{ kind: "status", status: 502, method: "getChat", times: 1 }] });
    for (const id of ["a", "b"]) await s.bridge.accept(eventOf(id));
    await settled(s.bridge);
    expect(arrived(s.telegram).map(([, , id]) => id)).toEqual(["a", "b"]);
    expect(await s.bridge.metric("cctelegram_messages_resent_uncertain_total")).toBe(0);
  });

  test("after a restart in the middle of asking for the name", async () => {
    await using s = await stage({
      chats: [{ name: "news", id: "@team_news", topic: 3 }],
      groups: [{ id: NEWS, type: "supergroup", username: "team_news", topics: [{ id: 3 }] }],
    });
    s.telegram.control({ faults: [{ kind: "rate_limit", seconds: 1, method: "getChat", times: 1 }] });
    await s.bridge.accept(eventOf("a"));
    await until("the 429", () => s.telegram.calls("getChat").length === 1);
    await s.restart();
    await settled(s.bridge);
    expect(arrived(s.telegram)).toEqual([[NEWS, 3, "a"]]);
  });
});

describe.concurrent("a chat that refuses", () => {
  test("is called by its name in the status: a public name that nobody has, until somebody has it", async () => {
    await using s = await stage({ chats: [{ name: "news", id: "@team_news" }] });
    const { messages } = await s.bridge.accept(eventOf("a"));
    await settled(s.bridge);
    const [refusal] = s.bridge.status().refusals;
    expect(messages).toBe(1);
    expect(refusal).toMatchObject({
      chat_id: 0,
      name: "news",
      reason: "chat news (@team_news) does not exist, or the bot is not in it",
      hint: expect.stringMatching(/add @test_123456789_bot to it, to a channel as an administrator/),
    });
    expect(s.bridge.eventStatus("a", undefined)).toMatchObject({
      state: "refused",
      refusals: [{ chat_id: 0, reason: "400: Bad Request: chat not found" }],
    });
    const again = await s.bridge.accept(eventOf("b"));
    expect(again.warnings?.[0]).toMatch(/every recipient.*chat news \(@team_news\) does not exist/);
    await settled(s.bridge);
    s.telegram.control({ groups: [{ id: NEWS, type: "channel", username: "team_news" }] });
    await s.bridge.accept(eventOf("c"));
    await settled(s.bridge);
    expect(arrived(s.telegram)).toEqual([[NEWS, undefined, "c"]]);
    expect(s.bridge.status()).toMatchObject({ health: "healthy", refusals: [] });
  });

  test.each<[string, Partial<TestGroup>, RegExp, RegExp]>([
    [
      "a group that threw the bot out",
      { bot: "kicked" },
      /chat ops \(-\d+\) is a group or channel without the bot/,
      /add @\w+ to it again, or take it out of the chats/,
    ],
    [
      "a channel without rights",
      { type: "channel", bot: "member" },
      /chat ops \(-\d+\) is a channel in which the bot is no administrator/,
      /make @\w+ an administrator that may post/,
    ],
    [
      "a group without rights",
      { bot: "restricted" },
      /chat ops \(-\d+\) does not let the bot write/,
      /give @\w+ the right/,
    ],
    [
      "a group whose General topic is closed",
      { topics: [], isGeneralClosed: true },
      /chat ops \(-\d+\) is a group whose General topic is closed/,
      /may manage topics/,
    ],
  ])("is told with what to do about it: %s", async (_what, group, reason, hint) => {
    await using s = await stage({
      chats: [{ name: "ops", id: OPS }],
      groups: [{ id: OPS, type: "supergroup", ...group }],
    });
    await s.bridge.accept(eventOf("a"));
    await settled(s.bridge);
    expect(s.bridge.status().refusals).toEqual([
      expect.objectContaining({
        chat_id: OPS,
        name: "ops",
        reason: expect.stringMatching(reason),
        hint: expect.stringMatching(hint),
      }),
    ]);
    expect(s.bridge.status().health).toBe("degraded");
    expect(await s.bridge.metric("cctelegram_messages_failed_total")).toBe(1);
    expect(s.telegram.violations()).toEqual([]);
  });

  test("that was found by its name is looked for again by the next message", async () => {
    await using s = await stage({
      chats: [{ name: "news", id: "@team_news" }],
      groups: [{ id: NEWS, type: "channel", username: "team_news" }],
    });
    await s.bridge.accept(eventOf("a"));
    await settled(s.bridge);
    // The channel was made anew.
    s.telegram.control({
      groups: [
        { id: NEWS, type: "channel", bot: "kicked" },
        { id: -1_005, type: "channel", username: "team_news" },
      ],
    });
    await s.bridge.accept(eventOf("b"));
    await settled(s.bridge);
    expect((await s.bridge.accept(eventOf("c"))).warnings?.[0]).toMatch(
      /every recipient.*chat news .* without the bot/,
    );
    await s.bridge.accept(eventOf("d"));
    await settled(s.bridge);
    expect(s.bridge.status().refusals).toEqual([]);
    expect(arrived(s.telegram)).toEqual([
      [NEWS, undefined, "a"],
      [-1_005, undefined, "c"],
      [-1_005, undefined, "d"],
    ]);
  });
});

describe.concurrent("a topic", () => {
  test.each([
    [
      "that is closed",
      [{ id: 7, isClosed: true }],
      /topic 7 of chat alerts \(-\d+\) is closed: its messages go to the General topic/,
    ],
    ["that does not exist", [], /topic 7 of chat alerts \(-\d+\) does not exist/],
  ])("%s loses nothing: messages go to the General topic, and the status says so", async (_what, topics, reason) => {
    await using s = await stage({
      chats: [{ name: "alerts", id: OPS, topic: 7 }],
      groups: [{ id: OPS, type: "supergroup", topics }],
    });
    for (const id of ["a", "b"]) await s.bridge.accept(eventOf(id));
    await settled(s.bridge);
    expect(arrived(s.telegram)).toEqual([
      [OPS, undefined, "a"],
      [OPS, undefined, "b"],
    ]);
    // The second message did not try it: the limit of a group is too small for two requests each.
    expect(s.telegram.received().map(({ message_thread_id, status }) => [message_thread_id, status])).toEqual([
      [7, 400],
      [undefined, 200],
      [undefined, 200],
    ]);
    const told = [
      expect.objectContaining({ chat_id: OPS, topic: 7, name: "alerts", reason: expect.stringMatching(reason) }),
    ];
    expect(s.bridge.status()).toMatchObject({ health: "healthy", refusals: [], refused_topics: told });
    expect(await s.bridge.metric("cctelegram_messages_failed_total")).toBe(0);
    await s.restart();
    expect(s.bridge.status().refused_topics).toEqual(told);
    const health = await fetch(`${s.bridge.url}/health`);
    expect(await health.text()).not.toMatch(/alerts|-100/);
  });

  test("is where the bridge answers people who speak in it", async () => {
    await using s = await stage({
      chats: [{ name: "ops", id: OPS }],
      groups: [{ id: OPS, type: "supergroup", topics: [{ id: 7, isOfBot: true }, { id: 8 }] }],
    });
    await until("its user name", () => s.bridge.status().telegram.bot_username !== undefined);
    s.telegram.control({ says: [{ from: { id: 66 }, chat_id: OPS, topic: 8, text: "/start@test_123456789_bot" }] });
    await until("the line", () => s.telegram.delivered().length === 1);
    expect(s.telegram.delivered()[0]).toMatchObject({ chat_id: OPS, message_thread_id: 8 });
    // Nobody who speaks in a topic of the bot answers the bot by that.
    s.telegram.control({ says: [{ from: { id: 67 }, chat_id: OPS, topic: 7, text: "hello all" }] });
    s.telegram.control({ says: [{ from: { id: 1 }, chat_id: OPS, topic: 7, text: "@test_123456789_bot hello" }] });
    await until("the response", () => s.bridge.countResponses({ since: 0, limit: 1 }) > 0);
    expect(s.bridge.responses({ since: 0, limit: 10 })).toMatchObject([
      { text: "@test_123456789_bot hello", event_id: null },
    ]);
    expect(s.telegram.delivered()).toHaveLength(1);
    s.telegram.control({ says: [{ from: { id: 1 }, chat_id: OPS, topic: 8, text: "/help@test_123456789_bot" }] });
    await until("the answer", () => s.telegram.delivered().length === 2);
    expect(s.telegram.delivered()[1]).toMatchObject({ chat_id: OPS, message_thread_id: 8 });
  });

  test("in which somebody on the list answers a message brings the answer to its event", async () => {
    await using s = await stage({
      chats: [{ name: "alerts", id: OPS, topic: 7 }],
      groups: [{ id: OPS, type: "supergroup", topics: [{ id: 7 }] }],
    });
    await s.bridge.accept(eventOf("a"));
    await settled(s.bridge);
    const [{ message_id = 0 } = {}] = s.telegram.delivered();
    s.telegram.control({ says: [{ from: { id: 1 }, chat_id: OPS, reply_to: message_id, text: "on it" }] });
    await until("the reply", () => s.bridge.eventStatus("a", undefined).replies.length === 1);
    s.telegram.control({ says: [{ from: { id: 66 }, chat_id: OPS, reply_to: message_id, text: "me too" }] });
    await until("the line", () => s.telegram.delivered().length === 2);
    expect(s.telegram.delivered()[1]).toMatchObject({ chat_id: OPS, message_thread_id: 7 });
    expect(s.bridge.eventStatus("a", undefined).replies).toMatchObject([{ user_id: 1, text: "on it" }]);
  });
});

test("a group that became a supergroup keeps its name, also after a restart", async () => {
  await using s = await stage({ chats: [{ name: "ops", id: -5 }] });
  s.telegram.control({ migrated: [[-5, OPS]] });
  await s.bridge.accept(eventOf("a"));
  await settled(s.bridge);
  await s.restart();
  s.telegram.control({ groups: [{ id: OPS, type: "supergroup", bot: "kicked" }] });
  await s.bridge.accept(eventOf("b"));
  await settled(s.bridge);
  expect(arrived(s.telegram)).toEqual([[OPS, undefined, "a"]]);
  // The old id is not asked again.
  expect(s.telegram.received().map(({ chat_id }) => chat_id)).toEqual([-5, OPS, OPS]);
  expect(s.bridge.status().refusals).toMatchObject([{ chat_id: OPS, name: "ops" }]);
  await s.restart();
  expect(s.bridge.status().refusals).toMatchObject([{ chat_id: OPS, name: "ops" }]);
});

test("a chat that no route names gets nothing, which the log tells", async () => {
  await using s = await stage({ chats: [{ name: "ops", id: -5 }], routes: [] });
  await s.bridge.accept(eventOf("a"));
  await settled(s.bridge);
  expect(arrived(s.telegram)).toEqual([[1, undefined, "a"]]);
  expect(s.bridge.log.filter((line) => /"chats":\["ops"\].*no route names these chats/.test(line))).toHaveLength(1);
});

test("topics of a group share its limit, and a channel has that of a group", async () => {
  const topics = [{ id: 7 }, { id: 8 }];
  await using s = await stage({
    chats: [
      { name: "one", id: OPS, topic: 7 },
      { name: "two", id: OPS, topic: 8 },
      { name: "news", id: "@team_news" },
    ],
    groups: [
      { id: OPS, type: "supergroup", topics },
      { id: NEWS, type: "channel", username: "team_news" },
    ],
  });
  // Limits that the stand-in keeps exactly, for each group as a whole.
  for (let n = 0; n < 3; n += 1) await s.bridge.accept(eventOf(`${n}`));
  await settled(s.bridge);
  const times = (chat: number) =>
    s.telegram.delivered().flatMap((each) => (each.chat_id === chat ? [each.steady] : []));
  expect(times(OPS)).toHaveLength(6);
  expect(times(NEWS)).toHaveLength(3);
  for (const chat of [OPS, NEWS]) {
    const gaps = times(chat)
      .slice(1)
      .map((time, index) => time - (times(chat)[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
  }
  expect(s.telegram.violations()).toEqual([]);
});
