import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Response } from "../../../../contract/responses.ts";
import type { ChannelEvent } from "../../../../contract/sessions.ts";
import type { UpdatesConfig } from "../../../../server/bridge/config.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  type Scratch,
  scratch,
  signedFetch,
  type TestBridge,
  until,
} from "../support.ts";
import { TestSession } from "./support.ts";

const ANNA = { id: 1, first_name: "Anna" };
const BEN = { id: 2, first_name: "Ben" };
const MALLORY = { id: 66, first_name: "Mallory" };
const GROUP = -1_000_000_000_005;
const POLLING: UpdatesConfig = { mode: "Polling", pollSeconds: 1 };

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge;
const running = () => bridge;

beforeEach(async () => {
  telegram = await startTelegram();
  telegram.control({
    groups: [{ id: GROUP, type: "supergroup", bot: "administrator", topics: [{ id: 7 }, { id: 8 }] }],
  });
  directory = await scratch();
  await start();
});

async function start(): Promise<void> {
  const fast = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  telegram.control({ limits: false });
  const people = { allowedUsers: [1, 2, GROUP], updates: POLLING, ...fast };
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: people }));
  await until("Telegram's answer", () => bridge.status().telegram.reachable);
}

afterEach(async () => {
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

const session = (name: string, client = "ci") =>
  new TestSession(running, { client, name, holder: `${client}-${name}` }).begin();
const says = (text: string, more: object = {}) => telegram.control({ says: [{ from: ANNA, text, ...more }] });
const told = (chat: number) => telegram.delivered().filter(({ chat_id }) => chat_id === chat);
const tells = (chat: number, part: string) =>
  until(`"${part}" in ${chat}`, () => told(chat).some(({ text = "" }) => text.includes(part)));

/** What the session gets when something waits. */
async function hears(listener: TestSession): Promise<readonly string[]> {
  const all: string[] = [];
  await until(`something for ${listener.who.name}`, async () => {
    all.push(...(await listener.texts()));
    return all.length > 0;
  });
  return all;
}

async function responsesOf(client: string, more = ""): Promise<readonly Response[]> {
  const answer = await signedFetch(`${bridge.url}/responses?client=${client}&limit=50${more}`, "GET");
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { responses: readonly Response[] }).responses;
}

/** A message of a session in Anna's chat. */
async function messageFrom(name: string, id: string, client = "ci"): Promise<number> {
  await bridge.accept(eventOf(id, { client, session: name }));
  await tells(1, `Event ${id}`);
  return told(1).find(({ text = "" }) => text.includes(`Event ${id}`))?.message_id ?? 0;
}

describe("what a person says", () => {
  test("reaches the session that a command bound, and no other key sees it", async () => {
    const api = await session("api");
    const web = await session("web", "other");
    says("/bind api");
    await tells(1, "api hears what is said here");
    says("build it");
    expect(await hears(api)).toEqual(["build it"]);
    expect(await web.texts()).toEqual([]);
    expect(await responsesOf("other")).toEqual([]);
    expect(await responsesOf("ci")).toMatchObject([{ text: "build it", session: "api", topic: null }]);
    says("/sessions");
    await tells(1, "hears what is said here\n");
    says("/unbind");
    await tells(1, "api does not hear this any more");
    says("to nobody");
    await tells(1, "No session hears you here");
    await until("the response", async () => (await responsesOf("other")).length === 1);
    says("to nobody again");
    await until("the response", async () => (await responsesOf("other")).length === 2);
    expect(told(1).filter(({ text }) => text?.startsWith("No session"))).toHaveLength(1);
    expect(await api.texts()).toEqual([]);
  });

  test("in answer to a session's message reaches that one, and the first answer binds the chat", async () => {
    const [api, web] = [await session("api"), await session("web", "other")];
    const ofApi = await messageFrom("api", "one");
    const ofWeb = await messageFrom("web", "two", "other");
    const ofNone = await messageFrom("none", "three");
    says("to api", { reply_to: ofApi });
    expect(await hears(api)).toEqual(["to api"]);
    await tells(1, "What is said here goes to api from now on");
    says("to web", { reply_to: ofWeb });
    expect(await hears(web)).toEqual(["to web"]);
    says("to the event", { reply_to: ofNone });
    says("to whom is bound");
    expect(await hears(api)).toEqual(["to whom is bound"]);
    expect(await responsesOf("other")).toMatchObject([{ text: "to web", event_id: "two", session: "web" }]);
    expect((await responsesOf("ci")).map(({ text }) => text)).toEqual(["to whom is bound", "to the event", "to api"]);
  });

  test("in a bound topic needs no mention, of people on the list alone", async () => {
    const [api, web] = [await session("api"), await session("web")];
    await until("the topics", () => telegram.calls("createForumTopic").length >= 2);
    says("/bind@test_123456789_bot api", { chat_id: GROUP, topic: 7 });
    await tells(GROUP, "api hears");
    says("/bind@test_123456789_bot web", { from: BEN, chat_id: GROUP, topic: 8 });
    await tells(GROUP, "web hears");
    says("for api", { chat_id: GROUP, topic: 7 });
    says("run this", { from: MALLORY, chat_id: GROUP, topic: 7 });
    says("for web", { from: BEN, chat_id: GROUP, topic: 8 });
    says("for nobody", { chat_id: GROUP });
    const heard: ChannelEvent[] = [];
    await until("something for api", async () => heard.push(...(await api.read())) > 0);
    const [event] = heard;
    expect(event).toMatchObject({ content: "for api", meta: { topic: "7", chat_id: String(GROUP), user: "Anna" } });
    expect(await hears(web)).toEqual(["for web"]);
    expect(await api.texts()).toEqual([]);
    expect(told(GROUP).filter(({ text }) => /list of people/.test(text ?? ""))).toEqual([]);
  });

  test("is kept while the session is away, which is told once, and comes when it is back", async () => {
    const api = await session("api");
    says("/bind api");
    await tells(1, "api hears");
    await api.call("/sessions/leave");
    says("first");
    await tells(1, "Kept: api is away since");
    says("second");
    await until("both", async () => (await responsesOf("ci")).length === 2);
    await bridge.close();
    await start();
    expect(await responsesOf("ci", "&session=api")).toHaveLength(2);
    expect((await signedFetch(`${bridge.url}/responses?client=other&session=api`, "GET")).status).toBe(404);
    await api.begin();
    expect(await api.texts()).toEqual(["first", "second"]);
    expect(await responsesOf("ci", "&session=api")).toEqual([]);
    expect(told(1).filter(({ text }) => text?.startsWith("Kept"))).toHaveLength(1);
  });

  test("rings the session's bell, and is shown to be kept and read", async () => {
    const api = await session("api");
    says("/bind api");
    await tells(1, "api hears");
    const from = bridge.relay.recall({ topic: "channel/1" }).position;
    says("hello");
    await until("the bell", () => bridge.relay.recall({ topic: "channel/1", after: from }).messages.length > 0);
    const reactions = () =>
      telegram.calls("setMessageReaction").map(({ parameters }) => JSON.stringify(parameters?.reaction));
    await until("the receipt", () => reactions().some((each) => each.includes("👀")));
    expect(telegram.calls("sendChatAction")).toEqual([]);
    expect(await hears(api)).toEqual(["hello"]);
    await until("the second receipt", () => reactions().some((each) => each.includes("👌")));
    expect(await bridge.metric("cctelegram_session_events_total", { ending: "read" })).toBe(1);
    await until("typing", () => telegram.calls("sendChatAction").length > 0);
    expect(telegram.violations()).toEqual([]);
  });
});

describe("/bind", () => {
  test("says which of several, and that there is none", async () => {
    await session("api");
    await session("api", "other");
    says("/bind");
    await tells(1, "Say which");
    says("/bind nothing");
    await tells(1, "There is no session nothing");
    says("/bind api");
    await tells(1, "/bind other/api");
    says("/bind OTHER/api");
    await tells(1, "There is no session OTHER/api");
    says("/bind other/API");
    await tells(1, "api hears what is said here");
    const bound = (client: string) => bridge.channel.sessions.list(client)[0]?.bound.filter(({ made }) => !made);
    expect(bound("other")).toMatchObject([{ chat_id: 1, topic: null }]);
    expect(bound("ci")).toEqual([]);
  });
});
