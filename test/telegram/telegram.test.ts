import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Api } from "node-telegram-bot-api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Control } from "./control.ts";
import { readBody } from "./request-parameters.ts";
import { startTelegram, type TelegramServer } from "./telegram.ts";

const TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456";
const UNLIMITED = false;

let telegram: TelegramServer;
let steady = 0;

beforeEach(async () => {
  steady = 0;
  telegram = await startTelegram({ tokens: [TOKEN], chats: [1, 2, 3, -5], steady: () => steady });
});

afterEach(() => telegram.close());

type Answer = {
  ok: boolean;
  error_code?: number;
  description?: string;
  parameters?: Record<string, number>;
  result?: unknown;
};

async function call(method: string, parameters: unknown = {}, token = TOKEN): Promise<Answer> {
  const body = JSON.stringify(parameters);
  const headers = { "content-type": "application/json" };
  return (await (
    await fetch(`${telegram.url}/bot${token}/${method}`, { method: "POST", body, headers })
  ).json()) as Answer;
}

function send(parameters: object) {
  return call("sendMessage", { chat_id: 1, text: "hello", ...parameters });
}

describe("routes", () => {
  test("wrong tokens are 401, wrong methods and paths 404", async () => {
    expect(await call("getMe", {}, "123456789:AAabcdefghijklmnopqrstuvwxyz0000000")).toMatchObject({ error_code: 401 });
    expect(await call("getMe", {}, "nonsense")).toEqual({ ok: false, error_code: 401, description: "Unauthorized" });
    expect(await call("sendCarrierPigeon")).toMatchObject({ ok: false, error_code: 404 });
    expect((await fetch(`${telegram.url}/nothing`)).status).toBe(404);
  });

  test("parameters come as query, JSON, form or multipart", async () => {
    telegram.control({ limits: UNLIMITED });
    const url = `${telegram.url}/bot${TOKEN}/sendMessage`;
    const entities = JSON.stringify([{ type: "bold", offset: 0, length: 2 }]);
    const form = new FormData();
    for (const [name, value] of Object.entries({ chat_id: "1", text: "multipart", entities })) form.set(name, value);
    await fetch(`${url}?chat_id=1&text=query`);
    await fetch(url, { method: "POST", body: new URLSearchParams({ chat_id: "1", text: "form", entities }) });
    await fetch(url, { method: "POST", body: form });
    await send({ text: "json" });
    expect(telegram.delivered().map(({ text }) => text)).toEqual(["query", "form", "multipart", "json"]);
    expect(telegram.delivered()[2]?.entities).toEqual([{ type: "bold", offset: 0, length: 2 }]);
  });

  test("the library that the bridge uses gets along with it", async () => {
    const api = new Api(TOKEN, { apiRoot: telegram.url, maxRetries: 0 });
    expect((await api.getMe()).username).toBe("test_123456789_bot");
    expect((await api.sendMessage({ chat_id: 1, text: "hi" })).message_id).toBe(1);
    await expect(api.sendMessage({ chat_id: 99, text: "hi" })).rejects.toMatchObject({ errorCode: 400 });
  });
});

describe("photos and documents", () => {
  const png = Buffer.concat([
    Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"),
    Buffer.from("000002800000019008020000000000000000", "hex"),
  ]);
  const jpeg = Buffer.from("ffd8ffe000040000ffc0000b080190028003012200021101ffd9", "hex");

  async function upload(kind: "photo" | "document", bytes: Buffer | string, fields: Record<string, string> = {}) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ chat_id: "1", ...fields })) form.set(name, value);
    if (typeof bytes === "string") form.set(kind, bytes);
    else
      form.set(
        kind,
        new File([new Uint8Array(bytes)], fields.name ?? "file.png", { type: fields.type ?? "image/png" }),
      );
    const method = kind === "photo" ? "sendPhoto" : "sendDocument";
    return (await (
      await fetch(`${telegram.url}/bot${TOKEN}/${method}`, { method: "POST", body: form })
    ).json()) as Answer;
  }

  beforeEach(() => telegram.control({ limits: UNLIMITED }));

  test("are taken with their captions, and logged without their bytes", async () => {
    const caption_entities = JSON.stringify([{ type: "bold", offset: 0, length: 2 }]);
    for (const bytes of [png, jpeg]) {
      expect(await upload("photo", bytes, { caption: "hello", caption_entities })).toMatchObject({
        ok: true,
        result: { caption: "hello", photo: [{}] },
      });
    }
    expect(await upload("document", Buffer.from("x"), { name: "a.txt", type: "text/plain" })).toMatchObject({
      result: { document: { file_name: "a.txt" } },
    });
    expect(telegram.delivered()).toMatchObject([
      { method: "sendPhoto", caption: "hello", file: { name: "file.png", media_type: "image/png", bytes: png.length } },
      { method: "sendPhoto", file: { bytes: jpeg.length } },
      { method: "sendDocument", file: { name: "a.txt", media_type: "text/plain", bytes: 1 } },
    ]);
    expect(telegram.violations()).toEqual([]);
  });

  test.each<[string, "photo" | "document", Buffer | string, string, Record<string, string>?]>([
    ["no file", "photo", "", "wrong file identifier"],
    ["a URL, which is not fetched", "document", "http://example.com/a", "wrong file identifier"],
    ["an empty file", "document", Buffer.alloc(0), "file must be non-empty"],
    ["a long caption", "photo", png, "message caption is too long", { caption: "x".repeat(1_025) }],
    [
      "entities outside of the caption",
      "photo",
      png,
      "outside",
      { caption: "x", caption_entities: '[{"type":"bold","offset":0,"length":2}]' },
    ],
    ["a name with a path", "document", Buffer.from("x"), "wrong file name", { name: "a/b" }],
    ["more than 10 MB as a photo", "photo", Buffer.concat([png, Buffer.alloc(10 * 2 ** 20)]), "Too Large"],
  ])("with %s are refused as a mistake", async (_what, kind, bytes, error, fields = {}) => {
    expect(await upload(kind, bytes, fields)).toMatchObject({ ok: false, description: expect.stringContaining(error) });
    expect(telegram.violations()).toHaveLength(1);
  });

  test("that are no photos are refused, which is not the bot's mistake; their captions are no texts to edit", async () => {
    const thin = Buffer.from(png);
    thin.writeUInt32BE(9_000, 16);
    expect(await upload("photo", thin)).toMatchObject({ description: "Bad Request: PHOTO_INVALID_DIMENSIONS" });
    expect(await upload("photo", Buffer.from("text"))).toMatchObject({
      description: "Bad Request: IMAGE_PROCESS_FAILED",
    });
    expect(telegram.violations()).toEqual([]);
    await upload("photo", png, { caption: "x" });
    expect(await call("editMessageText", { chat_id: 1, message_id: 1, text: "y" })).toMatchObject({
      description: expect.stringContaining("no text in the message"),
    });
  });

  test("count within the limits as texts do", async () => {
    telegram.control({ limits: { global: 30, perChat: 1, perGroupMinute: 20 } });
    await upload("photo", png);
    expect(await send({})).toMatchObject({ error_code: 429 });
  });
});

describe("texts", () => {
  beforeEach(() => telegram.control({ limits: UNLIMITED }));

  test.each([
    ["empty", { text: "" }, "message text is empty"],
    ["of white space", { text: " \n " }, "message text is empty"],
    ["of 4097 units", { text: "x".repeat(4097) }, "message is too long"],
    [
      "of more than 32 KiB before parsing",
      { text: `${"<b></b>".repeat(5_000)}x`, parse_mode: "HTML" },
      "message is too long",
    ],
    ["with an entity outside", { entities: [{ type: "bold", offset: 3, length: 3 }] }, "outside of the text"],
    [
      "with an entity in a surrogate pair",
      { text: "😀", entities: [{ type: "bold", offset: 1, length: 1 }] },
      "middle of a UTF-16",
    ],
    ["with an unknown entity", { entities: [{ type: "blink", offset: 0, length: 1 }] }, "unsupported entity type"],
    ["with an unknown preview option", { link_preview_options: { disabled: true } }, "link preview options"],
    ["with a sound that is neither on nor off", { disable_notification: "yes" }, "disable_notification"],
    ["with an unclosed tag", { text: "<b>x", parse_mode: "HTML" }, "Can't find end tag"],
    ["with a bare <", { text: "1 <3", parse_mode: "HTML" }, "Unsupported start tag"],
    ["with an unescaped dot", { text: "done.", parse_mode: "MarkdownV2" }, "reserved"],
    ["with an unclosed star", { text: "*done", parse_mode: "MarkdownV2" }, "Can't find end"],
    [
      "with 65 bytes of callback data",
      { reply_markup: { inline_keyboard: [[{ text: "a", callback_data: "x".repeat(65) }]] } },
      "BUTTON_DATA",
    ],
  ])("a text %s is refused, as a violation", async (_name, parameters, description) => {
    expect(await send(parameters)).toMatchObject({
      ok: false,
      error_code: 400,
      description: expect.stringContaining(description),
    });
    expect(telegram.violations()).toHaveLength(1);
    expect(telegram.delivered()).toEqual([]);
  });

  test.each([
    ["of 4096 units", { text: "x".repeat(4096) }],
    ["longer before than after parsing", { text: `<b>${"x".repeat(4096)}</b>`, parse_mode: "HTML" }],
    ["without a sound", { disable_notification: true }],
    ["without a preview of its links", { link_preview_options: { is_disabled: true } }],
    ["with escapes", { text: "*done*\\. _really_", parse_mode: "MarkdownV2" }],
    [
      "with 64 bytes of callback data",
      { reply_markup: { inline_keyboard: [[{ text: "a", callback_data: "x".repeat(64) }]] } },
    ],
  ])("a text %s is taken", async (_name, parameters) => {
    expect(await send(parameters)).toMatchObject({ ok: true });
    expect(telegram.violations()).toEqual([]);
  });

  test("unknown chats, blocked bots and migrated groups are refused without blame", async () => {
    telegram.control({ blocked: [2], migrated: [[-5, -1005]] });
    expect(await send({ chat_id: 99 })).toMatchObject({ error_code: 400, description: "Bad Request: chat not found" });
    expect(await send({ chat_id: 2 })).toMatchObject({ error_code: 403 });
    expect(await send({ chat_id: -5 })).toMatchObject({ error_code: 400, parameters: { migrate_to_chat_id: -1005 } });
    expect(telegram.violations()).toEqual([]);
  });
});

describe("groups and channels", () => {
  const group = { id: -5, type: "supergroup" } as const;
  const refused = async (parameters: object) => (await send({ chat_id: -5, ...parameters })).description;

  beforeEach(() => telegram.control({ limits: UNLIMITED }));

  test("have topics: one that there is not and one that is closed are refused, General has no thread", async () => {
    telegram.control({ groups: [{ ...group, topics: [{ id: 7 }, { id: 8, isClosed: true }] }] });
    expect(await send({ chat_id: -5, message_thread_id: 7 })).toMatchObject({ ok: true });
    expect(await send({ chat_id: -5 })).toMatchObject({ ok: true });
    expect(telegram.delivered().map(({ message_thread_id }) => message_thread_id)).toEqual([7, undefined]);
    expect(await refused({ message_thread_id: 8 })).toBe("Bad Request: TOPIC_CLOSED");
    for (const thread of [1, 9]) {
      expect(await refused({ message_thread_id: thread })).toBe("Bad Request: message thread not found");
    }
    expect(await send({ message_thread_id: 7 })).toMatchObject({
      description: "Bad Request: message thread not found",
    });
    expect(telegram.violations()).toEqual([]);
    expect(await send({ chat_id: -5, message_thread_id: "x" })).toMatchObject({ ok: false });
    expect(telegram.violations()).toHaveLength(1);
    telegram.control({ groups: [{ ...group, bot: "administrator", topics: [{ id: 8, isClosed: true }] }] });
    expect(await send({ chat_id: -5, message_thread_id: 8 })).toMatchObject({ ok: true });
    telegram.control({ groups: [{ ...group, topics: [], isGeneralClosed: true }] });
    expect(await refused({})).toBe("Bad Request: TOPIC_CLOSED");
  });

  test.each([
    [{ bot: "kicked" }, "Forbidden: bot was kicked from the supergroup chat"],
    [{ bot: "left" }, "Forbidden: bot is not a member of the supergroup chat"],
    [{ bot: "restricted" }, "Bad Request: not enough rights to send text messages to the chat"],
    [{ type: "channel", bot: "member" }, "Bad Request: need administrator rights in the channel chat"],
    [{ type: "channel", bot: "kicked" }, "Forbidden: bot was kicked from the channel chat"],
  ] as const)("refuse as Telegram does, without blame: %o", async (how, words) => {
    telegram.control({ groups: [{ ...group, ...how }] });
    expect(await refused({})).toBe(words);
    expect(telegram.violations()).toEqual([]);
  });

  test("are found by id and by public name, also to send to", async () => {
    telegram.control({ groups: [{ ...group, type: "channel", username: "Team_News" }] });
    const found = { id: -5, type: "channel", username: "Team_News" };
    expect((await call("getChat", { chat_id: "@team_news" })).result).toMatchObject(found);
    expect((await call("getChat", { chat_id: -5 })).result).toMatchObject(found);
    expect(await send({ chat_id: "@TEAM_NEWS" })).toMatchObject({ ok: true });
    for (const chat_id of ["@nobody", "team_news", 99]) {
      expect(await call("getChat", { chat_id })).toMatchObject({ description: "Bad Request: chat not found" });
    }
    telegram.control({ groups: [{ ...group, username: "team_news", bot: "kicked" }] });
    expect(await call("getChat", { chat_id: "@team_news" })).toMatchObject({ error_code: 403 });
  });

  test("say in which topic somebody writes, and show it as an answer to the topic's start", async () => {
    telegram.control({ groups: [{ ...group, topics: [{ id: 7, isOfBot: true }] }] });
    await call("getUpdates");
    telegram.control({ says: [{ from: { id: 3 }, chat_id: -5, topic: 7, text: "hello" }] });
    const { result } = await call("getUpdates");
    expect(result).toMatchObject([
      {
        message: {
          chat: { id: -5, type: "supergroup", is_forum: true },
          message_thread_id: 7,
          is_topic_message: true,
          reply_to_message: { message_id: 7, from: { is_bot: true }, forum_topic_created: {} },
        },
      },
    ]);
    const nowhere = { says: [{ from: { id: 3 }, chat_id: -5, topic: 9, text: "hello" }] };
    expect(() => telegram.control(nowhere)).toThrow(/no topic 9/);
  });

  test("have one limit for all their topics", async () => {
    telegram.control({ limits: { global: 30, perChat: 1, perGroupMinute: 20 } });
    telegram.control({ groups: [{ ...group, topics: [{ id: 7 }, { id: 8 }] }] });
    expect(await send({ chat_id: -5, message_thread_id: 7 })).toMatchObject({ ok: true });
    expect(await send({ chat_id: -5, message_thread_id: 8 })).toMatchObject({ error_code: 429 });
  });
});

describe("flood control", () => {
  test("a second message to a chat within a second is a violation, after it is not", async () => {
    await send({});
    steady = 999;
    expect(await send({})).toMatchObject({ error_code: 429, parameters: { retry_after: 1 } });
    steady = 1_999;
    expect(await send({})).toMatchObject({ ok: true });
    expect(telegram.violations()).toHaveLength(1);
  });

  test("requests during a pause lengthen it", async () => {
    await send({});
    await send({});
    steady = 500;
    expect(await send({})).toMatchObject({ error_code: 429, parameters: { retry_after: 2 } });
    steady = 1_500;
    expect(await send({})).toMatchObject({ error_code: 429 });
    steady = 3_000;
    expect(await send({})).toMatchObject({ ok: true });
  });

  test("the bot's limit holds in every sliding second", async () => {
    telegram.control({ limits: { global: 3, perChat: 3, perGroupMinute: 20 } });
    for (const at of [0, 900, 950, 1_000, 1_899, 1_900]) {
      steady = at;
      await send({ chat_id: 1 + (at % 3) });
    }
    expect(telegram.received().map(({ status }) => status)).toEqual([200, 200, 200, 200, 429, 429]);
  });

  test("a group gets twenty messages in a minute", async () => {
    telegram.control({ limits: { global: 100, perChat: 100, perGroupMinute: 20 } });
    for (let n = 0; n < 20; n += 1) expect(await send({ chat_id: -5 })).toMatchObject({ ok: true });
    expect(await send({ chat_id: -5 })).toMatchObject({ error_code: 429, parameters: { retry_after: 60 } });
    expect(await send({ chat_id: 1 })).toMatchObject({ ok: true });
  });
});

describe("a second bot", () => {
  const SECOND = "987654321:AAzyxwvutsrqponmlkjihgfedcba6543210";
  const second = 987654321;
  const sendBySecond = () => call("sendMessage", { chat_id: 1, text: "hello" }, SECOND);

  beforeEach(() => telegram.control({ tokens: [TOKEN, SECOND] }));

  test("has limits of its own", async () => {
    expect(await send({})).toMatchObject({ ok: true });
    expect(await sendBySecond()).toMatchObject({ ok: true });
    expect(await send({})).toMatchObject({ error_code: 429 });
    telegram.control({ bot: second, limits: UNLIMITED });
    expect(await sendBySecond()).toMatchObject({ ok: true });
    expect(await send({})).toMatchObject({ error_code: 429 });
  });

  test.each<[string, Control, Partial<Answer>]>([
    ["a fault", { faults: [{ kind: "status", status: 502, times: 1 }] }, { error_code: 502 }],
    ["a person who blocks it", { blocked: [1] }, { error_code: 403 }],
    ["a chat that moved", { migrated: [[1, -5]] }, { error_code: 400 }],
    ["a list of chats", { chats: [2] }, { error_code: 400 }],
    ["a token that was revoked", { unauthorised: true }, { error_code: 401 }],
  ])(
    "alone finds %s that is meant for it, and nobody else does after a reset of the first",
    async (_what, control, refused) => {
      telegram.control({ ...control, bot: second });
      telegram.control({ reset: true, bot: 123456789 });
      expect(await send({})).toMatchObject({ ok: true });
      expect(await sendBySecond()).toMatchObject(refused);
    },
  );

  test("alone is cut off by an outage that is meant for it", async () => {
    telegram.control({ bot: second, outage: true });
    await expect(sendBySecond()).rejects.toThrow();
    expect(await send({})).toMatchObject({ ok: true });
  });

  test("that comes later finds what was done to all", async () => {
    telegram.control({ blocked: [1] });
    expect(await send({})).toMatchObject({ error_code: 403 });
    expect(await sendBySecond()).toMatchObject({ error_code: 403 });
  });
});

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

  const settled = (condition: () => unknown) => vi.waitFor(() => expect(condition()).toBeTruthy(), 5_000);

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

describe("faults", () => {
  test("they are used up in order, and reach the log", async () => {
    telegram.control({
      limits: UNLIMITED,
      faults: [
        { kind: "status", status: 502, times: 2 },
        { kind: "reset", when: "before", times: 1 },
        { kind: "reset", when: "after", times: 1 },
      ],
    });
    expect((await send({})).error_code).toBe(502);
    expect((await send({})).error_code).toBe(502);
    await expect(send({})).rejects.toThrow();
    await expect(send({})).rejects.toThrow();
    expect((await send({})).ok).toBe(true);
    expect(telegram.received().map(({ status, message_id }) => [status, message_id])).toEqual([
      [502, undefined],
      [502, undefined],
      [0, undefined],
      [0, 1],
      [200, 2],
    ]);
    expect(telegram.violations()).toEqual([]);
  });

  test("a request during an injected pause is a violation", async () => {
    telegram.control({ faults: [{ kind: "rate_limit", seconds: 5, times: 1 }] });
    expect(await send({})).toMatchObject({ error_code: 429, parameters: { retry_after: 5 } });
    steady = 4_000;
    expect(await send({})).toMatchObject({ error_code: 429 });
    expect(await send({ chat_id: 2 })).toMatchObject({ ok: true });
    expect(telegram.violations()).toHaveLength(1);
  });

  test("control and log work over HTTP", async () => {
    await fetch(`${telegram.url}/control`, { method: "POST", body: JSON.stringify({ unauthorised: true }) });
    expect(await call("getMe")).toMatchObject({ error_code: 401 });
    await fetch(`${telegram.url}/control`, { method: "POST", body: JSON.stringify({ unauthorised: false }) });
    await send({});
    const log = (await (await fetch(`${telegram.url}/log`)).json()) as unknown[];
    expect(log).toMatchObject([{ method: "sendMessage", chat_id: 1, text: "hello", message_id: 1, status: 200 }]);
    expect((await fetch(`${telegram.url}/health`)).status).toBe(200);
  });
});
