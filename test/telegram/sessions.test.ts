import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "./telegram.ts";

const TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";
const FORUM = -1_000_000_000_005;
const ANNA = { id: 1 };

let telegram: TelegramServer;

beforeEach(async () => {
  telegram = await startTelegram({ limits: false });
});

afterEach(() => telegram.close());

async function call(method: string, parameters: object = {}) {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", body: JSON.stringify(parameters), headers };
  const answer = await fetch(`${telegram.url}/bot${TOKEN}/${method}`, request);
  return (await answer.json()) as { readonly ok: boolean; readonly description?: string; readonly result?: never };
}

const refused = (description: string) => ({ ok: false, description: expect.stringContaining(description) });

test("reactions and actions are those that Telegram knows, to messages that there are", async () => {
  await call("sendMessage", { chat_id: 1, text: "hello" });
  const react = (message_id: number, emoji: string) =>
    call("setMessageReaction", { chat_id: 1, message_id, reaction: [{ type: "emoji", emoji }] });
  expect(await react(1, "👀")).toMatchObject({ ok: true });
  expect(await react(1, "🦖")).toMatchObject(refused("REACTION_INVALID"));
  expect(await react(9, "👀")).toMatchObject(refused("message to react not found"));
  expect(await call("sendChatAction", { chat_id: 1, action: "typing" })).toMatchObject({ ok: true });
  expect(await call("sendChatAction", { chat_id: 1, action: "think" })).toMatchObject(
    refused("wrong parameter action"),
  );
  expect(telegram.violations()).toHaveLength(3);
});

test("a message answers one of its chat, unless the request says that it does not matter", async () => {
  const answer = (message_id: number, more: object = {}) =>
    call("sendMessage", { chat_id: 1, text: "hello", reply_parameters: { message_id, ...more } });
  expect(await answer(7)).toMatchObject(refused("message to be replied not found"));
  expect(await answer(7, { allow_sending_without_reply: true })).toMatchObject({ ok: true });
  expect(await answer(1)).toMatchObject({ ok: true });
});

describe("a topic", () => {
  const make = (name = "api") => call("createForumTopic", { chat_id: FORUM, name });

  test("is made where there are topics, by an administrator who may", async () => {
    expect(await make()).toMatchObject(refused("not a forum"));
    const group = { id: FORUM, type: "supergroup", topics: [] } as const;
    telegram.control({ groups: [group] });
    expect(await make()).toMatchObject(refused("not enough rights"));
    telegram.control({ groups: [{ ...group, bot: "administrator", mayManageTopics: false }] });
    expect(await make()).toMatchObject(refused("not enough rights"));
    expect(telegram.violations()).toEqual([]);
    telegram.control({ groups: [{ ...group, bot: "administrator" }] });
    expect(await make("")).toMatchObject(refused("wrong topic name"));
    const { result } = await make();
    expect(result).toMatchObject({ name: "api", message_thread_id: expect.any(Number) });
    const { message_thread_id } = result as unknown as { readonly message_thread_id: number };
    expect(await call("sendMessage", { chat_id: FORUM, message_thread_id, text: "hello" })).toMatchObject({ ok: true });
  });
});

test("a file has a path, and its content there, for this bot and up to 20 MB", async () => {
  await call("getMe");
  const large = { kind: "document", size: 21 * 1024 * 1024 } as const;
  const small = { kind: "document", name: "a.txt", content: "text" } as const;
  telegram.control({
    says: [
      { from: ANNA, file: small },
      { from: ANNA, file: large, caption: "see" },
    ],
  });
  const { result } = await call("getUpdates");
  expect(result).toMatchObject([
    { message: { document: { file_id: "file-1", file_name: "a.txt", file_size: 4 } } },
    { message: { document: { file_id: "file-2" }, caption: "see" } },
  ]);
  const { result: file } = await call("getFile", { file_id: "file-1" });
  const { file_path } = file as unknown as { readonly file_path: string };
  const at = (path: string, token = TOKEN) => fetch(`${telegram.url}/file/bot${token}/${path}`);
  expect(await (await at(file_path)).text()).toBe("text");
  expect((await at("documents/none")).status).toBe(404);
  expect((await at(file_path, "short")).status).toBe(401);
  expect(await call("getFile", { file_id: "file-2" })).toMatchObject(refused("file is too big"));
  expect(await call("getFile", { file_id: "nothing" })).toMatchObject(refused("wrong file_id"));
});
