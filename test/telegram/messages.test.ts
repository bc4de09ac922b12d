import { beforeEach, describe, expect, test } from "vitest";
import { type Answer, call, send, stage, TOKEN, telegram, UNLIMITED } from "./stage.ts";

stage();

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
