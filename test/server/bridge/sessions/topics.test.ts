import { expect, test } from "vitest";
import type { Control } from "../../../telegram/control.ts";
import { eventOf, until } from "../support.ts";
import { GROUP, Talk } from "./talk.ts";

const FLAT = -7;
const groups: NonNullable<Control["groups"]> = [
  { id: GROUP, type: "supergroup", bot: "administrator", topics: [] },
  { id: FLAT, type: "group" },
];
const talk = new Talk({ telegram: { allowedUsers: [1, 2, GROUP, FLAT] } }, { groups });
const made = () => talk.telegram.calls("createForumTopic").filter(({ status }) => status === 200);
const asked = () => talk.telegram.calls("createForumTopic").length;

test("a session gets a topic in a group that has topics, hears what is said there, and its messages go there", async () => {
  const api = await talk.session("api");
  const web = await talk.session("web", "other");
  const bound = (client: string) => talk.bridge.channel.sessions.list(client)[0]?.bound ?? [];
  await until("the topics", () => asked() === 4 && bound("ci").length === 1 && bound("other").length === 1);
  expect(made().map(({ parameters }) => parameters?.name)).toEqual(["api", "web"]);
  const [place] = bound("ci");
  expect(place).toMatchObject({ chat_id: GROUP, made: true });
  await talk.bridge.accept(eventOf("e1", { client: "ci", session: "api" }));
  await until("the message", () => talk.told(GROUP).length === 1);
  expect(talk.told(GROUP)[0]).toMatchObject({ message_thread_id: place?.topic });
  await until("the message", () => talk.told(FLAT).length === 1);
  talk.says("in the topic", { chat_id: GROUP, topic: place?.topic });
  expect(await talk.hears(api)).toEqual(["in the topic"]);
  const said = { reply_id: "r", chat_id: GROUP, text: "answer" };
  await api.call("/sessions/reply", said);
  expect(talk.told(GROUP).at(-1)).toMatchObject({ text: "answer", message_thread_id: place?.topic });
  expect(await web.texts()).toEqual([]);
  await talk.session("api");
  await talk.restart();
  expect(made()).toHaveLength(2);
  expect(talk.telegram.violations()).toEqual([]);
});

test("what is said outside of all topics to a session that has one is answered where it was said", async () => {
  const api = await talk.session("api");
  const bound = () => talk.bridge.channel.sessions.list("ci")[0]?.bound ?? [];
  await until("the topic", () => bound().length === 1);
  talk.says("/bind@test_123456789_bot ci/api", { chat_id: GROUP });
  await talk.tells(GROUP, "api hears what is said here");
  talk.says("in the group", { chat_id: GROUP });
  expect(await talk.hears(api)).toEqual(["in the group"]);
  await api.call("/sessions/reply", { reply_id: "r", chat_id: GROUP, text: "answer" });
  await until("the answer", () => talk.told(GROUP).some(({ text }) => text === "answer"));
  expect(talk.told(GROUP).find(({ text }) => text === "answer")).not.toHaveProperty("message_thread_id");
});

test("a group that does not let the bot is told so once; one without topics is not bothered", async () => {
  talk.telegram.control({ groups: [{ id: GROUP, type: "supergroup", bot: "member", topics: [] }] });
  await talk.session("api");
  await talk.session("web");
  await until("the refusals", () => asked() === 4);
  await talk.tells(GROUP, "I may make no topics here");
  await talk.session("more");
  await until("the refusals", () => asked() === 6);
  expect(talk.told(GROUP)).toHaveLength(1);
  expect(talk.told(FLAT)).toEqual([]);
});

test("what could not be asked for is asked for again, also after a restart, and none is made twice", async () => {
  const isBound = () => talk.bridge.channel.sessions.list("ci")[0]?.bound.length === 1;
  talk.telegram.control({ outage: true });
  await talk.session("api");
  await talk.bridge.close();
  expect(made()).toEqual([]);
  talk.telegram.control({ outage: false });
  await talk.start();
  await until("the topic", isBound);
  talk.telegram.control({ faults: [{ kind: "status", method: "createForumTopic", status: 502, times: 1 }] });
  await talk.session("web");
  await until("the second topic", () => made().length === 2);
  expect(made().map(({ parameters }) => parameters?.name)).toEqual(["api", "web"]);
});

/** The session ends, and another one of its name begins. */
async function anew(name: string, before: string, now: string): Promise<void> {
  await (await talk.session(name, "ci", before)).call("/sessions/leave");
  await talk.session(name, "ci", now);
}

test("a group that gets topics, or lets the bot make them, later is asked again when a session starts anew, and told nothing twice", async () => {
  const group = { id: GROUP, type: "supergroup" as const, topics: [] };
  const flat = { id: FLAT, type: "supergroup" as const };
  talk.telegram.control({ groups: [{ ...group, bot: "member" }, flat] });
  await talk.session("api", "ci", "first");
  await talk.tells(GROUP, "I may make no topics here");
  await until("the refusals", () => asked() === 2);
  await anew("api", "first", "second");
  await until("the refusals", () => asked() === 4);
  talk.telegram.control({
    groups: [
      { ...group, bot: "administrator" },
      { ...flat, bot: "member", topics: [] },
    ],
  });
  // The same one again asks nobody.
  await talk.session("api", "ci", "second");
  await talk.restart();
  expect(asked()).toBe(4);
  await anew("api", "second", "third");
  const bound = () => talk.bridge.channel.sessions.list("ci")[0]?.bound ?? [];
  await until("the topic", () => bound().length === 1);
  expect(bound()).toMatchObject([{ chat_id: GROUP, made: true }]);
  // What has topics now, and lets the bot make none, is told so for the first time.
  await talk.tells(FLAT, "I may make no topics here");
  await anew("api", "third", "fourth");
  await until("the refusal", () => asked() === 7);
  expect(made()).toHaveLength(1);
  for (const chat of [GROUP, FLAT]) expect(talk.told(chat)).toHaveLength(1);
  expect(talk.telegram.violations()).toEqual([]);
});

test("a session that there was before gets its topic in a group that the bridge learns of later", async () => {
  await talk.session("api", "ci", "first");
  await until("the answers", () => asked() === 2);
  const later = -1_000_000_000_009;
  talk.telegram.control({ groups: [...groups, { id: later, type: "supergroup", bot: "administrator", topics: [] }] });
  await talk.restart({ telegram: { allowedUsers: [1, 2, GROUP, FLAT, later] } });
  await anew("api", "first", "second");
  const bound = () => talk.bridge.channel.sessions.list("ci")[0]?.bound ?? [];
  await until("the topic", () => bound().length === 2);
  expect(bound().map(({ chat_id }) => chat_id)).toEqual([GROUP, later]);
  expect(talk.telegram.violations()).toEqual([]);
});

test("a session that starts anew gets another topic for one that somebody has deleted", async () => {
  await talk.session("api", "ci", "first");
  await talk.session("web", "ci", "web");
  const topics = () =>
    talk.bridge.channel.sessions.list("ci").map(({ bound }) => bound.map(({ chat_id, topic }) => [chat_id, topic]));
  await until("the topics", () => topics().every(({ length }) => length === 1) && asked() === 4);
  const [[[, deleted] = []] = [], web] = topics();
  const left = { id: Number(web?.[0]?.[1]) };
  talk.telegram.control({ groups: [{ id: GROUP, type: "supergroup", bot: "administrator", topics: [left] }] });
  await talk.bridge.accept(eventOf("e1", { client: "ci", session: "api" }));
  await talk.tells(GROUP, "Event e1");
  expect(talk.told(GROUP).at(-1)).not.toHaveProperty("message_thread_id");
  await anew("api", "first", "second");
  await anew("web", "web", "other");
  await until("another topic", () => made().length === 3 && topics()[0]?.[0]?.[1] !== deleted);
  const [[[, topic] = []] = []] = topics();
  expect(topics()).toEqual([[[GROUP, topic]], web]);
  await talk.bridge.accept(eventOf("e2", { client: "ci", session: "api" }));
  await talk.tells(GROUP, "Event e2");
  expect(talk.told(GROUP).at(-1)).toMatchObject({ message_thread_id: topic });
  talk.says("in the new one", { chat_id: GROUP, topic });
  const api = await talk.session("api", "ci", "second");
  expect(await talk.hears(api)).toEqual(["in the new one"]);
  expect(talk.telegram.violations()).toEqual([]);
});
