import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { readBody } from "./request-parameters.ts";
import { call, send, stage, TOKEN, telegram } from "./stage.ts";

stage();

describe("updates", () => {
  const get = async (parameters: object) => (await call("getUpdates", parameters)).result as { update_id: number }[];

  test("updates stay until a larger offset confirms them", async () => {
    await call("getMe");
    telegram.control({ updates: [{ message: { text: "a" } }, { message: { text: "b" } }] });
    expect((await get({})).map(({ update_id }) => update_id)).toEqual([1, 2]);
    expect((await get({ limit: 1 })).map(({ update_id }) => update_id)).toEqual([1]);
    expect((await get({ offset: 2 })).map(({ update_id }) => update_id)).toEqual([2]);
    expect((await get({})).map(({ update_id }) => update_id)).toEqual([2]);
    expect(await get({ offset: 3 })).toEqual([]);
  });

  test("a long poll ends when an update comes", async () => {
    await call("getMe");
    const poll = get({ timeout: 50 });
    const pushed = new Promise((resolve) => setTimeout(resolve, 50)).then(() =>
      telegram.control({ updates: [{ message: {} }] }),
    );
    expect(await poll).toHaveLength(1);
    await pushed;
  });

  test("a second poller ends the first with 409", async () => {
    await call("getMe");
    const first = call("getUpdates", { timeout: 50 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = call("getUpdates", { timeout: 1 });
    expect(await first).toMatchObject({ error_code: 409, description: expect.stringContaining("terminated by other") });
    expect(await second).toMatchObject({ ok: true });
  });

  test("an active webhook excludes polling", async () => {
    await call("setWebhook", { url: "https://example.org/hook" });
    expect(await call("getUpdates")).toMatchObject({ error_code: 409 });
    expect(await call("getWebhookInfo")).toMatchObject({ result: { url: "https://example.org/hook" } });
    await call("deleteWebhook");
    expect(await call("getUpdates")).toMatchObject({ ok: true });
  });

  test("a poll whose client is gone is nobody's conflict", async () => {
    const leaving = new AbortController();
    const poll = fetch(`${telegram.url}/bot${TOKEN}/getUpdates?timeout=50`, { signal: leaving.signal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.abort();
    await expect(poll).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await call("getUpdates")).toMatchObject({ ok: true });
    expect(telegram.violations()).toEqual([]);
  });

  test("kinds that were not asked for stay away, and unknown kinds are refused", async () => {
    await get({ allowed_updates: ["callback_query"] });
    telegram.control({ updates: [{ message: {} }, { callback_query: {} }] });
    expect(await get({})).toEqual([{ update_id: 1, callback_query: {} }]);
    expect(await call("getUpdates", { allowed_updates: ["telepathy"] })).toMatchObject({ error_code: 400 });
  });

  test("after a week of silence ids begin anew, and an offset far ahead confirms nothing", async () => {
    await call("getMe");
    telegram.control({ nextUpdateId: 9_000, updates: [{ message: {} }] });
    expect(await get({ offset: 9_001 })).toEqual([]);
    telegram.control({ nextUpdateId: 40, updates: [{ message: {} }] });
    expect((await get({ offset: 9_001 })).map(({ update_id }) => update_id)).toEqual([40]);
    expect(await get({ offset: 41 })).toEqual([]);
  });

  test("a sent message can be edited, but not into itself, and not when it is gone", async () => {
    telegram.control({ limits: false });
    await send({});
    expect(await call("editMessageText", { chat_id: 1, message_id: 1, text: "hello" })).toMatchObject({
      error_code: 400,
    });
    expect(await call("editMessageText", { chat_id: 1, message_id: 1, text: "bye" })).toMatchObject({ ok: true });
    expect(await call("editMessageText", { chat_id: 2, message_id: 1, text: "bye" })).toMatchObject({
      error_code: 400,
    });
    const wrong = telegram.violations().length;
    telegram.control({ deleted: [1] });
    expect(await call("editMessageText", { chat_id: 1, message_id: 1, text: "again" })).toMatchObject({
      error_code: 400,
      description: "Bad Request: message to edit not found",
    });
    expect(telegram.violations()).toHaveLength(wrong);
  });

  test("an edit counts as a message: both are too many for a second", async () => {
    await send({});
    expect(await call("editMessageText", { chat_id: 1, message_id: 1, text: "bye" })).toMatchObject({
      error_code: 429,
    });
    expect(telegram.violations()).toHaveLength(1);
  });
});

describe("people", () => {
  const anna = { id: 1, first_name: "Anna", username: "anna" };
  const markup = { inline_keyboard: [[{ text: "Yes", callback_data: "yes" }]] };
  const get = async () => (await call("getUpdates")).result;

  test("what somebody writes reaches the bot, with the message that it answers", async () => {
    await send({});
    telegram.control({ says: [{ from: anna, text: "fine", reply_to: 1 }] });
    const from = { id: 1, is_bot: false, first_name: "Anna", username: "anna" };
    const reply_to_message = { message_id: 1, text: "hello", from: { id: 123456789, is_bot: true } };
    const message = { message_id: 2, text: "fine", from, chat: { id: 1, type: "private" }, reply_to_message };
    expect(await get()).toMatchObject([{ update_id: 1, message }]);
    expect(() => telegram.control({ says: [{ from: anna, text: "x", reply_to: 77 }] })).toThrow("no message 77");
  });

  test("of a group the bot hears what answers it, and commands", async () => {
    await send({ chat_id: -5 });
    const said = { from: anna, chat_id: -5 };
    telegram.control({
      says: [
        { ...said, text: "among us" },
        { ...said, text: "fine", reply_to: 1 },
      ],
    });
    telegram.control({
      says: [
        { ...said, text: "so what", reply_to: 2 },
        { ...said, text: "/help" },
      ],
    });
    expect(await get()).toMatchObject([
      { message: { text: "fine", chat: { type: "group" } } },
      { message: { text: "/help" } },
    ]);
  });

  test("a button that is there can be pressed, and is answered once", async () => {
    await send({ reply_markup: markup });
    const press = { from: anna, chat_id: 1, message_id: 1 };
    telegram.control({ presses: [{ ...press, data: "yes" }] });
    expect(() => telegram.control({ presses: [{ ...press, data: "no" }] })).toThrow('no button "no"');
    const [update] = (await get()) as [{ callback_query: { id: string } }];
    expect(update.callback_query).toMatchObject({ data: "yes", from: { id: 1 }, message: { message_id: 1 } });
    const answer = { callback_query_id: update.callback_query.id };
    expect(await call("answerCallbackQuery", { callback_query_id: "7" })).toMatchObject({ error_code: 400 });
    expect(await call("answerCallbackQuery", { ...answer, text: "x".repeat(201) })).toMatchObject({ error_code: 400 });
    expect(await call("answerCallbackQuery", answer)).toMatchObject({ ok: true });
    expect(await call("answerCallbackQuery", answer)).toMatchObject({ error_code: 400 });
  });

  test("an edit without a keyboard takes it away, and one that changes nothing is refused", async () => {
    await send({ reply_markup: markup });
    const message = { chat_id: 1, message_id: 1 };
    expect(await call("editMessageReplyMarkup", { ...message, reply_markup: markup })).toMatchObject({
      error_code: 400,
      description: expect.stringContaining("not modified"),
    });
    expect(await call("editMessageReplyMarkup", message)).toMatchObject({ ok: true });
    expect(() => telegram.control({ presses: [{ ...message, from: anna, data: "yes" }] })).toThrow("no button");
  });

  test("the bot edits no message of a person", async () => {
    await call("getMe");
    telegram.control({ says: [{ from: anna, text: "mine" }] });
    expect(await call("editMessageText", { chat_id: 1, message_id: 1, text: "yours" })).toMatchObject({
      error_code: 400,
    });
  });

  test("commands are kept by scope, and those that Telegram does not take are refused", async () => {
    const commands = [{ command: "help", description: "What the bot can do" }];
    expect(await call("setMyCommands", { commands })).toMatchObject({ ok: true });
    expect((await call("getMyCommands")).result).toEqual(commands);
    expect((await call("getMyCommands", { scope: { type: "all_group_chats" } })).result).toEqual([]);
    const chat = { scope: { type: "chat", chat_id: 1 }, language_code: "de" };
    expect(await call("setMyCommands", { commands: [], ...chat })).toMatchObject({ ok: true });
    expect((await call("getMyCommands")).result).toEqual(commands);
    await call("deleteMyCommands");
    expect((await call("getMyCommands")).result).toEqual([]);
    expect(telegram.violations()).toEqual([]);
  });

  const help = { command: "help", description: "x" };
  test.each([
    ["a name with a capital", { commands: [{ ...help, command: "Help" }] }],
    ["a name with a slash", { commands: [{ ...help, command: "/help" }] }],
    ["a name with a colon", { commands: [{ ...help, command: "cct:mute" }] }],
    ["a name of 33 letters", { commands: [{ ...help, command: "x".repeat(33) }] }],
    ["no description", { commands: [{ command: "help" }] }],
    ["a description of 257 letters", { commands: [{ ...help, description: "x".repeat(257) }] }],
    ["101 commands", { commands: Array.from({ length: 101 }, (_, n) => ({ ...help, command: `c${n}` })) }],
    ["one command twice", { commands: [help, help] }],
    ["a command that is none", { commands: ["help"] }],
    ["an unknown scope", { commands: [help], scope: { type: "everybody" } }],
    ["a scope without its chat", { commands: [help], scope: { type: "chat" } }],
    ["a language of three letters", { commands: [help], language_code: "deu" }],
  ])("a menu with %s is refused, as a violation", async (_name, parameters) => {
    expect(await call("setMyCommands", parameters)).toMatchObject({ error_code: 400 });
    expect(telegram.violations()).toHaveLength(1);
  });
});

describe("webhook", () => {
  type Hook = {
    readonly url: string;
    readonly calls: { secret: unknown; body: unknown }[];
    status: number;
    server: Server;
  };

  async function hook(): Promise<Hook> {
    const calls: Hook["calls"] = [];
    const server = createServer(async (request, response) => {
      const secret = request.headers["x-telegram-bot-api-secret-token"];
      calls.push({ secret, body: JSON.parse((await readBody(request)).toString()) });
      response.writeHead(each.status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const each: Hook = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`,
      calls,
      status: 200,
      server,
    };
    return each;
  }

  const settled = (condition: () => unknown) => vi.waitFor(() => expect(condition()).toBeTruthy());

  test("it gets one update after the other with the secret, each until it takes it", async () => {
    const one = await hook();
    one.status = 500;
    await call("setWebhook", { url: one.url, secret_token: "abc" });
    telegram.control({ updates: [{ message: { text: "a" } }, { message: { text: "b" } }] });
    await settled(() => one.calls.length >= 2);
    expect((await call("getWebhookInfo")).result).toMatchObject({
      pending_update_count: 2,
      last_error_message: expect.stringContaining("500"),
    });
    one.status = 200;
    await settled(() => one.calls.some(({ body }) => (body as { update_id: number }).update_id === 2));
    expect(new Set(one.calls.map(({ secret }) => secret))).toEqual(new Set(["abc"]));
    await vi.waitFor(async () => {
      expect((await call("getWebhookInfo")).result).toMatchObject({ url: one.url, pending_update_count: 0 });
    });
    one.server.close();
  });

  test("setting one ends a poll, and what is malformed is refused", async () => {
    await call("getMe");
    const poll = call("getUpdates", { timeout: 50 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await call("setWebhook", { url: "https://example.org/hook" });
    expect(await poll).toMatchObject({ error_code: 409, description: expect.stringContaining("setWebhook") });
    for (const wrong of [{ url: "http://example.org" }, { url: "https://e.org", secret_token: "a b" }]) {
      expect(await call("setWebhook", wrong)).toMatchObject({ error_code: 400 });
    }
  });
});
