import { describe, expect, test } from "vitest";
import { attachmentPath } from "../../../../contract/sessions.ts";
import { editEveryMs } from "../../../../server/bridge/progress/task-messages.ts";
import { edits } from "../approvals/support.ts";
import { signedFetch, until } from "../support.ts";
import { call, type TestSession } from "./support.ts";
import { BEN, Talk } from "./talk.ts";

const talk = new Talk();

/** A picture of 8 by 8, as far as Telegram looks at it. */
const png = Buffer.concat([
  Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"),
  Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 6, 0, 0, 0]),
]).toString("base64");

const reply = (session: TestSession, text: string, more: object = {}) =>
  session.call("/sessions/reply", { reply_id: `r-${text.slice(0, 20)}`, chat_id: 1, text, ...more });

describe("reply", () => {
  test("is said in the chat as it is, in answer to a message, with Telegram's id, and once", async () => {
    const api = await talk.bound("api");
    const question = (await talk.bridge.channel.sessions.list("ci"))[0]?.id;
    expect(question).toBe(1);
    const answer = await reply(api, "*done*", { reply_to: 1 });
    const said = talk.told(1).find(({ text }) => text === "*done*");
    expect(answer.body).toEqual({
      event_id: "r-*done*",
      messages: 1,
      message_ids: [said?.message_id],
      duplicate: false,
    });
    expect(said).toMatchObject({ reply_parameters: { message_id: 1, allow_sending_without_reply: true } });
    expect(said).not.toHaveProperty("entities");
    expect((await reply(api, "*done*", { reply_to: 1 })).body).toMatchObject({ duplicate: true, messages: 1 });
    expect(talk.told(1).filter(({ text }) => text === "*done*")).toHaveLength(1);
    expect(talk.telegram.violations()).toEqual([]);
  });

  test("is refused in a chat in which nobody speaks to the session, and to a session of another key", async () => {
    const api = await talk.bound("api");
    const other = await talk.session("web", "other");
    const refusal = { status: 403, body: { code: "CHAT_NOT_BOUND", name: "api", chat_id: 2 } };
    expect(await reply(api, "hello", { chat_id: 2 })).toMatchObject(refusal);
    expect(await reply(api, "hello", { chat_id: -99 })).toMatchObject({ status: 403 });
    expect(await reply(other, "hello")).toMatchObject({ status: 403, body: { code: "CHAT_NOT_BOUND" } });
    const stolen = { client: "other", name: "api", reply_id: "x", chat_id: 1, text: "hello" };
    expect(await call(talk.bridge, "/sessions/reply", stolen)).toMatchObject({
      status: 404,
      body: { code: "UNKNOWN_SESSION", name: "api" },
    });
    expect(talk.told(2)).toEqual([]);
  });

  test("where not everything is the session's, its name says who speaks; long ones come in parts", async () => {
    const [api, web] = [await talk.bound("api"), await talk.session("web")];
    await talk.bridge.accept({ ...event("e1"), session: "web" });
    await talk.tells(1, "Event e1");
    const said = talk.told(1).find(({ text }) => text?.includes("Event e1"))?.message_id;
    talk.says("to web", { reply_to: said });
    expect(await talk.hears(web)).toEqual(["to web"]);
    await reply(web, "here I am");
    expect(talk.told(1).at(-1)).toMatchObject({
      text: "web\nhere I am",
      entities: [{ type: "bold", offset: 0, length: 3 }],
    });
    const long = "word ".repeat(3_000).trim();
    const { body } = await reply(api, long);
    expect(body).toMatchObject({ messages: 4 });
    const parts = (body.message_ids as readonly number[]).map(
      (id) => talk.told(1).find(({ message_id }) => message_id === id)?.text ?? "",
    );
    expect(parts.join(" ").replace(/\s+/g, " ")).toBe(long);
  });
});

describe("files of a reply", () => {
  const files = [
    { kind: "photo", name: "a.png", media_type: "image/png", content: png },
    { kind: "document", name: "b.txt", media_type: "text/plain", content: "aGk=" },
  ];

  test("come behind the text, in order and once, and leave it the one that is edited", async () => {
    const api = await talk.bound("api");
    const { body } = await reply(api, "see these", { files });
    const said = () => talk.told(1).filter(({ method, text }) => method !== "sendMessage" || text === "see these");
    await until("three messages", () => said().length === 3);
    expect(said().map(({ method }) => method)).toEqual(["sendMessage", "sendPhoto", "sendDocument"]);
    expect(said()[2]).toMatchObject({ file: { name: "b.txt", media_type: "text/plain", bytes: 2 } });
    expect(said()[1]).not.toHaveProperty("caption");
    expect(body).toMatchObject({ messages: 3, message_ids: said().map(({ message_id }) => message_id) });
    expect((await reply(api, "see these", { files })).body).toMatchObject({ duplicate: true, messages: 3 });
    const edit = (message: unknown) => api.call("/sessions/edit", { chat_id: 1, message, text: "seen" });
    expect(await edit("r-see these")).toMatchObject({ status: 200, body: { message_id: said()[0]?.message_id } });
    expect(await edit(said()[1]?.message_id)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("it is a file") },
    });
    expect(said()).toHaveLength(3);
    expect(talk.telegram.violations()).toEqual([]);
  });

  test("wait on disk with the text while Telegram is away, also over a restart", async () => {
    const api = await talk.bound("api");
    talk.telegram.control({ outage: true });
    expect(await reply(api, "later", { files })).toMatchObject({ status: 200, body: { messages: 3, message_ids: [] } });
    talk.telegram.control({ outage: false });
    await talk.restart();
    await until("the files", () => talk.told(1).filter(({ method }) => method !== "sendMessage").length === 2);
    expect(talk.telegram.violations()).toEqual([]);
  });

  test("say whose they are where others speak, too; what is wrong with one is said, and nothing is sent", async () => {
    const [api, web] = [await talk.bound("api"), await talk.session("web")];
    await talk.bridge.accept({ ...event("e3"), session: "web" });
    await talk.tells(1, "Event e3");
    const id = talk.told(1).find(({ text }) => text?.includes("Event e3"))?.message_id;
    talk.says("to web", { reply_to: id });
    expect(await talk.hears(web)).toEqual(["to web"]);
    await reply(web, "see these", { files: files.slice(1) });
    await until("the file", () => talk.told(1).some(({ method }) => method === "sendDocument"));
    expect(talk.told(1).at(-1)).toMatchObject({ caption: "web", caption_entities: [{ type: "bold", length: 3 }] });
    const before = talk.told(1).length;
    const wrong = await reply(api, "wrong", { files: [{ ...files[1], content: "?" }] });
    expect(wrong).toMatchObject({ status: 400, body: { message: expect.stringContaining("it is not base64") } });
    await reply(api, "right");
    expect(talk.told(1)).toHaveLength(before + 1);
  });
});

describe("edit", () => {
  test("changes a message of the session's own, by its id or the reply's, and no other", async () => {
    const [api, web] = [await talk.bound("api"), await talk.session("web")];
    const { body } = await reply(api, "working");
    const [id] = body.message_ids as readonly number[];
    const edit = (session: TestSession, message: unknown, text = "half done") =>
      session.call("/sessions/edit", { chat_id: 1, message, text });
    expect(await edit(api, id)).toMatchObject({ status: 200, body: { message_id: id } });
    await until("the edit", () => edits(talk.telegram).some(({ text }) => text === "half done"));
    expect(await edit(api, "r-working", "done")).toMatchObject({ status: 200, body: { message_id: id } });
    await until("the edit", () => edits(talk.telegram).some(({ text }) => text === "done"));
    expect(await edit(api, 1)).toMatchObject({ status: 400, body: { code: "VALIDATION_ERROR" } });
    expect(await edit(api, "r-unknown")).toMatchObject({ status: 400 });
    expect(await edit(web, id)).toMatchObject({ status: 403 });
  });

  test("many in a row become few: the last one counts", async () => {
    const api = await talk.bound("api");
    const { body } = await reply(api, "working");
    const [message] = body.message_ids as readonly number[];
    for (let n = 1; n <= 50; n += 1) await api.call("/sessions/edit", { chat_id: 1, message, text: `${n} %` });
    await until("the last edit", () => edits(talk.telegram).at(-1)?.text === "50 %");
    const times = talk.telegram.calls("editMessageText").map(({ steady }) => steady);
    // The first of two may have been on its way for longer than the second.
    for (const [index, time] of times.slice(1).entries())
      expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(editEveryMs - 1_000);
    expect(talk.telegram.violations()).toEqual([]);
  });
});

test("react shows an emoji that Telegram allows, and says which it does not", async () => {
  const api = await talk.bound("api");
  const react = (emoji: string, message_id = 1) => api.call("/sessions/react", { chat_id: 1, message_id, emoji });
  expect(await react("👍")).toMatchObject({ status: 200, body: { done: true } });
  expect(await react("❤️")).toMatchObject({ status: 200 });
  expect(await react("")).toMatchObject({ status: 200 });
  expect(await react("🦖")).toMatchObject({ status: 400, body: { code: "VALIDATION_ERROR" } });
  expect(await api.call("/sessions/react", { chat_id: 2, message_id: 1, emoji: "👍" })).toMatchObject({ status: 403 });
  expect(talk.telegram.violations()).toEqual([]);
  expect(await react("👍", 999)).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining("not found") },
  });
  talk.telegram.control({ outage: true });
  expect(await react("👍")).toMatchObject({ status: 503, body: { reason: "telegram_unreachable" } });
});

describe("what somebody sends", () => {
  const sends = (file: object, more: object = {}) =>
    talk.telegram.control({ says: [{ from: { id: 1 }, file: { kind: "document", ...file }, ...more }] } as never);
  const get = (id: unknown, name = "api", client = "ci") =>
    signedFetch(`${talk.bridge.url}${attachmentPath(Number(id), { client, name })}`, "GET");

  test("is told with its name, and downloaded by that session alone", async () => {
    const api = await talk.bound("api");
    await talk.session("web");
    sends({ name: "büild\n.log", mime: "text/plain", content: "it works" }, { caption: "see this" });
    sends({ kind: "photo", content: "picture" });
    const events = [...(await eventsOf(api, 2))];
    expect(events).toMatchObject([
      {
        content: "see this",
        meta: { attachment_kind: "document", attachment_name: "büild_.log", attachment_size: "8" },
      },
      { content: "(photo)", meta: { attachment_kind: "photo", attachment_name: "photo.jpg" } },
    ]);
    const [log, photo] = events.map(({ meta }) => meta.attachment_id);
    const answer = await get(log);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain");
    expect(answer.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''b%C3%BCild_.log");
    expect(await answer.text()).toBe("it works");
    expect(await (await get(photo)).text()).toBe("picture");
    expect((await get(log, "web")).status).toBe(404);
    expect((await get(log, "api", "other")).status).toBe(404);
    expect(await (await get(999)).json()).toMatchObject({ code: "ATTACHMENT_NOT_FOUND" });
  });

  test("is refused when it is too large, also when Telegram says so late; an outage passes; nothing tells the token", async () => {
    const api = await talk.bound("api");
    sends({ name: "large", size: 21 * 1024 * 1024 });
    sends({ name: "small", content: "x" });
    const [large, small] = (await eventsOf(api, 2)).map(({ meta }) => meta.attachment_id);
    const refused = await get(large);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({ code: "ATTACHMENT_TOO_LARGE", limit: "20 MB" });
    talk.telegram.control({ outage: true });
    const away = await get(small);
    expect(away.status).toBe(503);
    expect(await away.text()).not.toContain("AAabcdef");
    talk.telegram.control({ outage: false });
    expect((await get(small)).status).toBe(200);
  });
});

const event = (id: string) => ({
  ...{ event_id: id, type: "info_notification", source: "test", client: "ci", timestamp: "2026-01-02T03:04:05Z" },
  ...{ task_id: "task", title: `Event ${id}`, description: "x", data: {} },
});

type Message = { readonly content: string; readonly meta: Readonly<Record<string, string>> };

async function eventsOf(session: TestSession, count: number): Promise<readonly Message[]> {
  const all: Message[] = [];
  await until(`${count} events`, async () => {
    for (const each of await session.read()) if (each.kind === "message") all.push(each);
    return all.length >= count;
  });
  return all;
}

test("whoever speaks to a session by an answer is heard there, and may be answered there", async () => {
  const api = await talk.bound("api");
  await talk.bridge.accept({ ...event("e2"), session: "api" });
  await talk.tells(2, "Event e2");
  const id = talk.told(2).find(({ text }) => text?.includes("Event e2"))?.message_id;
  talk.telegram.control({ says: [{ from: BEN, text: "which one?", ...(id !== undefined && { reply_to: id }) }] });
  expect(await talk.hears(api)).toEqual(["which one?"]);
  expect(await reply(api, "this one", { chat_id: 2 })).toMatchObject({ status: 200 });
  expect(talk.told(2).at(-1)?.text).toBe("this one");
});
