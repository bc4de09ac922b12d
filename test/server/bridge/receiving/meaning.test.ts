import { describe, expect, test } from "vitest";
import { meaningOf } from "../../../../server/bridge/receiving/meaning.ts";
import { readUpdate } from "../../../../server/bridge/receiving/update.ts";

const bot = { id: 99, username: "team_bot" };
const anna = { id: 1, is_bot: false, first_name: "Anna" };
const stranger = { id: 7, is_bot: false, first_name: "Mallory" };
const ours = { message_id: 10, from: { id: 99, is_bot: true, first_name: "Bot" } };
const privately = { message_id: 20, from: anna, chat: { id: 1, type: "private" }, text: "fine" };
/** A topic that is bound to a session. */
const BOUND = 8;
const group = { id: -5, type: "supergroup" };

function meaning(content: object, people = [1]) {
  // As Telegram writes it: what is undefined is not there.
  const update = readUpdate(JSON.parse(JSON.stringify({ update_id: 5, ...content })));
  if (update === undefined) throw new Error("unreadable");
  return meaningOf(update, { people: new Set(people), bot, isBound: ({ topic }) => topic === BOUND });
}

const said = (fields: object) => meaning({ message: { ...privately, ...fields } });
const pressed = (fields: object) =>
  meaning({
    callback_query: { id: "q", from: anna, message: { message_id: 10, chat: group }, data: "yes", ...fields },
  });

describe("what an update means", () => {
  test("a text in the private chat of somebody on the list is a response", () => {
    expect(said({})).toMatchObject({ kind: "response", type: "text", chatId: 1, messageId: 20, text: "fine" });
    expect(said({})).not.toHaveProperty("repliesTo");
  });

  test("an answer to a message of the bot names it, one to somebody else's does not", () => {
    expect(said({ reply_to_message: ours })).toMatchObject({ kind: "response", repliesTo: 10 });
    expect(said({ reply_to_message: { ...ours, from: anna } })).not.toHaveProperty("repliesTo");
    expect(said({ reply_to_message: ours, text: "/start" })).toMatchObject({ text: "/start", repliesTo: 10 });
  });

  test("a picture is a response with its caption, a sticker one without words", () => {
    expect(said({ text: undefined, caption: "look" })).toMatchObject({ kind: "response", type: "other", text: "look" });
    expect(said({ text: undefined })).toMatchObject({ kind: "response", type: "other", text: "" });
  });

  test.each([
    ["a bot", { from: { ...anna, is_bot: true } }],
    ["a channel that writes in its own name", { from: undefined }],
    ["somebody who writes in the name of a chat", { sender_chat: { id: -5 } }],
    ["a conversation in a group", { chat: group }],
    ["a conversation in a group about another bot", { chat: group, text: "@team_bot_two, hello" }],
  ])("%s says nothing", (_name, fields) => {
    expect(said(fields)).toEqual({ kind: "nothing" });
  });

  test.each([
    ["answers the bot", { reply_to_message: ours }],
    ["calls it by its name", { text: "hello @Team_Bot, go on" }],
  ])("who %s in a group is heard", (_name, fields) => {
    expect(said({ chat: group, ...fields })).toMatchObject({ kind: "response", chatId: -5 });
    expect(said({ chat: group, from: stranger, ...fields })).toMatchObject({ kind: "stranger", chatId: -5 });
  });

  test("in a bound topic people on the list need not call the bot, and others are let talk", () => {
    const bound = { chat: group, message_thread_id: BOUND, is_topic_message: true };
    expect(said({ ...bound })).toMatchObject({ kind: "response", topic: BOUND });
    expect(said({ ...bound, text: "/status" })).toMatchObject({ kind: "command", name: "status" });
    expect(said({ ...bound, text: "/status@other_bot" })).toEqual({ kind: "nothing" });
    expect(said({ ...bound, from: stranger })).toEqual({ kind: "nothing" });
    expect(said({ ...bound, message_thread_id: 7 })).toEqual({ kind: "nothing" });
    expect(said({ ...bound, sender_chat: group })).toEqual({ kind: "nothing" });
  });

  test("what is said in a topic says so, and only an answer to a message of the bot is one", () => {
    const inTopic = { chat: group, message_thread_id: 7, is_topic_message: true };
    const start = { ...ours, message_id: 7 };
    expect(said({ ...inTopic, reply_to_message: ours })).toMatchObject({ kind: "response", topic: 7, repliesTo: 10 });
    expect(said({ ...inTopic, reply_to_message: ours, from: stranger })).toMatchObject({ kind: "stranger", topic: 7 });
    // Telegram shows what answers nothing as an answer to the message that opened the topic.
    expect(said({ ...inTopic, reply_to_message: start })).toEqual({ kind: "nothing" });
    expect(said({ ...inTopic, reply_to_message: start, text: "@team_bot hello" })).not.toHaveProperty("repliesTo");
    // A row of answers is a thread, too, but no topic.
    const answers = { chat: group, message_thread_id: 10, reply_to_message: ours };
    expect(said(answers)).toMatchObject({ kind: "response", repliesTo: 10 });
    expect(said(answers)).not.toHaveProperty("topic");
  });

  test("a text that begins with a slash and a word is a command: in a group with the bot's name behind it", () => {
    const command = { kind: "command", from: { id: 1 }, name: "todo", args: "ci" };
    expect(said({ text: "/todo ci" })).toMatchObject({ ...command, chatId: 1 });
    expect(said({ text: "/TODO@Team_Bot ci" })).toMatchObject(command);
    expect(said({ text: "/cct:nomad" })).toMatchObject({ kind: "command", name: "cct:nomad" });
    expect(said({ chat: group, text: "/todo@team_bot ci" })).toMatchObject({ ...command, chatId: -5 });
    expect(said({ text: "/start" })).toMatchObject({ kind: "command", name: "start" });
    expect(said({ text: "/usr/bin" })).toMatchObject({ kind: "response", text: "/usr/bin" });
    expect(said({ text: undefined, caption: "/todo" })).toMatchObject({ kind: "response" });
  });

  test("a command for another bot, or in a group for none, says nothing; a stranger's is a stranger's", () => {
    expect(said({ text: "/todo@other_bot" })).toEqual({ kind: "nothing" });
    expect(said({ chat: group, text: "/todo@team_bot_two" })).toEqual({ kind: "nothing" });
    expect(said({ chat: group, text: "/todo" })).toEqual({ kind: "nothing" });
    expect(said({ from: stranger, text: "/todo" })).toMatchObject({ kind: "stranger" });
    expect(said({ chat: group, from: stranger, text: "/todo@team_bot" })).toMatchObject({ kind: "stranger" });
  });

  test("what answers the bot is a response, whatever it begins with, unless the bot's name is behind it", () => {
    expect(said({ reply_to_message: ours, text: "/compact" })).toMatchObject({ kind: "response", repliesTo: 10 });
    expect(said({ reply_to_message: ours, text: "/todo@other_bot" })).toMatchObject({
      kind: "response",
      repliesTo: 10,
    });
    expect(said({ reply_to_message: ours, text: "/todo@team_bot" })).toMatchObject({ kind: "command", name: "todo" });
  });

  test("before Telegram has told the bot's name, a command in the private chat is for it all the same", () => {
    const update = readUpdate({ update_id: 5, message: { ...privately, text: "/todo@team_bot" } })!;
    expect(meaningOf(update, { people: new Set([1]), bot: { id: 99 }, isBound: () => false })).toMatchObject({
      kind: "command",
      name: "todo",
    });
  });

  test("the list is one of people: that a group gets messages lets nobody in it talk to the bot", () => {
    const message = { ...privately, from: stranger, chat: group, reply_to_message: ours };
    expect(meaning({ message }, [1, -5])).toMatchObject({ kind: "stranger", from: { id: 7 } });
  });

  test("a button pressed by somebody on the list is a click, by anybody else it is not", () => {
    const message = { chatId: -5, messageId: 10 };
    expect(pressed({})).toMatchObject({ kind: "click", queryId: "q", from: { id: 1 }, data: "yes", message });
    expect(pressed({ from: stranger })).toMatchObject({ kind: "strange_click", queryId: "q" });
    expect(pressed({ from: { ...anna, is_bot: true } })).toEqual({ kind: "nothing" });
    expect(pressed({ message: undefined })).toEqual({ kind: "nothing" });
  });
});

describe("what Telegram hands out", () => {
  test.each([
    ["another kind", { poll: {} }],
    ["a message without a chat", { message: { message_id: 1, from: anna, text: "x" } }],
    ["a message with ids that are none", { message: { ...privately, message_id: "1" } }],
    ["a chat of a kind that there is not", { message: { ...privately, chat: { id: 1, type: "cave" } } }],
    ["nothing", {}],
  ])("%s is passed over, and can be confirmed", (_name, content) => {
    expect(readUpdate({ update_id: 5, ...content })).toEqual({ id: 5, kind: "other" });
  });

  test.each([[null], ["x"], [[]], [{}], [{ update_id: "5" }], [{ update_id: 1.5 }], [{ update_id: -1 }]])(
    "%j has no id to go on from",
    (raw) => {
      expect(readUpdate(raw)).toBeUndefined();
    },
  );

  test("texts and names are cut at Telegram's own limits, and are valid Unicode", () => {
    const text = `${"x".repeat(4_095)}😀`;
    const update = readUpdate({
      update_id: 1,
      message: { ...privately, text, from: { ...anna, first_name: "y".repeat(1_000) } },
    });
    if (update?.kind !== "message") throw new Error("no message");
    expect(update.message.text).toHaveLength(4_096);
    expect(update.message.text?.isWellFormed()).toBe(true);
    expect(update.message.from?.first_name).toHaveLength(64);
  });
});
