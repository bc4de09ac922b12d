import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Attachment } from "../../../../contract/attachments.ts";
import type { Event } from "../../../../contract/event.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import { startBridgeProcess, stopProcess } from "../bridge-process.ts";
import { bridgeFor, configFor, eventOf, type Overrides, post, scratch, until } from "../support.ts";

const UNLIMITED = { global: 100, perChat: 100, perGroupMinute: 100 };
const rates = { messagesPerSecond: 100, messagesPerChatPerSecond: 100 };

async function stage(overrides: Overrides["telegram"] = {}) {
  const directory = await scratch();
  const telegram = await startTelegram({ limits: UNLIMITED });
  const bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { ...rates, ...overrides } }));
  return {
    telegram,
    bridge,
    delivered: (count: number) => until(`${count} messages`, () => telegram.delivered().length >= count),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** The bytes of a PNG with these dimensions in its header. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.alloc(16))), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...parts]);
}

const photo = (name: string, bytes = png(640, 480)): Attachment => ({
  ...{ kind: "photo", name, media_type: "image/png" },
  content: bytes.toString("base64"),
});

const withFiles = (id: string, attachments: readonly Attachment[], fields: Partial<Event> = {}) =>
  eventOf(id, { data: { attachments }, ...fields });

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe.concurrent("files of an event", () => {
  test("arrive as they were sent: a short text is the caption of the first, the others say whose they are", async () => {
    await using s = await stage({ allowedUsers: [1, 2] });
    const note = Buffer.from("Grüße\n");
    const document: Attachment = {
      ...{ kind: "document", name: 'Notiz "1" für später.txt', media_type: "text/plain" },
      content: note.toString("base64"),
    };
    await s.bridge.accept(withFiles("a", [photo("chart.png"), document]));
    await s.delivered(4);
    const [first, second] = s.telegram.delivered().filter(({ chat_id }) => chat_id === 2);
    expect(first).toMatchObject({
      method: "sendPhoto",
      caption: "ℹ️ Event a\n\nSomething happened\n\n— tester",
      caption_entities: [{ type: "bold" }, { type: "italic" }],
      file: { name: "chart.png", media_type: "image/png", sha256: sha256(png(640, 480)) },
    });
    expect(second).toMatchObject({
      method: "sendDocument",
      caption: "ℹ️ Event a\n\n— tester",
      file: {
        name: 'Notiz "1" für später.txt',
        media_type: "text/plain",
        bytes: note.length,
        sha256: sha256(note),
      },
    });
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(s.bridge.eventStatus("a", "tester")).toMatchObject({ state: "sent", messages: { total: 4, sent: 4 } });
    expect(s.telegram.violations()).toEqual([]);
  });

  test("come behind a text that is too long for a caption", async () => {
    await using s = await stage();
    await s.bridge.accept(withFiles("a", [photo("chart.png")], { description: "x".repeat(1_100) }));
    await s.delivered(2);
    expect(s.telegram.delivered().map(({ method }) => method)).toEqual(["sendMessage", "sendPhoto"]);
    expect(s.telegram.delivered()[1]?.caption).toBe("ℹ️ Event a\n\n— tester");
    expect(s.telegram.violations()).toEqual([]);
  });

  test.each([
    ["too long and thin", png(10_000, 12)],
    ["no picture at all", Buffer.from("nothing")],
  ])("that are %s for a photo come as documents", async (_what, bytes) => {
    await using s = await stage();
    await s.bridge.accept(withFiles("a", [photo("strip.png", bytes)]));
    await s.delivered(1);
    expect(s.telegram.received().map(({ method, status }) => [method, status])).toEqual([
      ["sendPhoto", 400],
      ["sendDocument", 200],
    ]);
    expect(s.telegram.delivered()[0]).toMatchObject({
      caption: expect.stringContaining("Something happened"),
      file: { name: "strip.png", sha256: sha256(bytes) },
    });
    expect(s.telegram.violations()).toEqual([]);
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(s.bridge.eventStatus("a", "tester")).toMatchObject({ state: "sent" });
  });

  test("are sent again after a 429, a 500 and a lost answer, and refused ones are told", async () => {
    await using s = await stage();
    s.telegram.control({
      faults: [
        { kind: "rate_limit", method: "sendPhoto", seconds: 1, times: 1 },
        { kind: "status", method: "sendPhoto", status: 500, times: 1 },
        { kind: "reset", method: "sendPhoto", when: "before", times: 1 },
        {
          kind: "status",
          method: "sendPhoto",
          status: 400,
          description: "Bad Request: can't parse entities",
          times: 1,
        },
      ],
    });
    await s.bridge.accept(withFiles("a", [photo("chart.png")]));
    await s.delivered(1);
    expect(s.telegram.calls("sendPhoto").map(({ status }) => status)).toEqual([429, 500, 0, 400, 200]);
    expect(s.telegram.delivered()[0]).not.toHaveProperty("caption_entities");
    await until("the record", () => s.bridge.status().queue.pending === 0);
    s.telegram.control({ faults: [{ kind: "status", method: "sendPhoto", status: 403, times: 1 }] });
    await s.bridge.accept(withFiles("b", [photo("chart.png")]));
    await until("the refusal", () => s.bridge.eventStatus("b", "tester").state === "refused");
    expect(s.telegram.violations()).toEqual([]);
  });

  test("in a progress that is edited come by themselves, and the text stays one that can be edited", async () => {
    await using s = await stage();
    const progress = { type: "task_progress", task_id: "build" };
    await s.bridge.accept(withFiles("a", [photo("chart.png")], progress));
    await s.delivered(2);
    await s.bridge.accept(eventOf("b", { ...progress, description: "further" }));
    await until("the edit", () => s.telegram.calls("editMessageText").some(({ status }) => status === 200));
    expect(s.telegram.delivered().map(({ method }) => method)).toEqual(["sendMessage", "sendPhoto"]);
    expect(s.telegram.violations()).toEqual([]);
  });

  test("that cannot be sent are refused over HTTP with the reason, and nothing is kept of them", async () => {
    await using s = await stage();
    const answer = await post(s.bridge.url, eventOf("a", { data: { attachments: [{ url: "http://10.0.0.1/" }] } }));
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain("attachments[0]: no URL is fetched");
    const large = { ...photo("large.png"), content: Buffer.alloc(170_000).toString("base64") };
    expect((await post(s.bridge.url, withFiles("b", [large]))).status).toBe(400);
    expect(s.bridge.status().queue.pending).toBe(0);
  });
});

test("a text of too many parts is its beginning and all of it in a document", async () => {
  await using s = await stage();
  const description = Array.from({ length: 2_200 }, (_, n) => `word${n}`)
    .join(" ")
    .slice(0, 15_900)
    .trim();
  const results = "ä".repeat(4_000);
  await s.bridge.accept(eventOf("a", { type: "task_completion", description, data: { results } }));
  await s.delivered(2);
  const [head, document] = s.telegram.delivered();
  expect(head?.text).toMatch(
    /^✅ Event a\n\nword0 word1 [\s\S]*… the whole text is in the document below\n\n— tester$/,
  );
  const whole = Buffer.from(`✅ Event a\n\n${description}\n\n${results}\n\n— tester\n`);
  expect(document).toMatchObject({
    method: "sendDocument",
    caption: "✅ Event a\n\n— tester",
    file: { name: "message.txt", media_type: "text/plain", bytes: whole.length, sha256: sha256(whole) },
  });
  expect(s.telegram.violations()).toEqual([]);
});

test("a bridge killed while it uploads loses no file, and marks what may come twice", async () => {
  const kills = 6;
  const mostInARound = 20;
  await using directory = await scratch();
  const telegram = await startTelegram({ limits: UNLIMITED });
  const slow = ["sendPhoto", "sendDocument"].map((method) => ({ kind: "delay" as const, method, ms: 40, times: 1e6 }));
  telegram.control({ faults: slow });
  const config = configFor(directory.path, telegram.url, { telegram: { allowedUsers: [1, 2], ...rates } });
  const acknowledged: string[] = [];
  let marks = 0;
  let { child, url, uncertain } = await startBridgeProcess(config);
  for (let round = 0; round < kills; round += 1) {
    const end = performance.now() + Math.random() * 400;
    // What is accepted faster than it is uploaded has to be waited for.
    for (let n = 0; n === 0 || (n < mostInARound && performance.now() < end); n += 1) {
      const id = `f${round}-${n}`;
      const note = { kind: "document", name: `${id}.txt`, media_type: "text/plain" } as const;
      const files: Attachment[] = [photo(`${id}.png`), { ...note, content: Buffer.from(id).toString("base64") }];
      if ((await post(url, withFiles(id, files))).status === 202) acknowledged.push(`${id}.png`, `${id}.txt`);
    }
    await stopProcess(child, "SIGKILL");
    ({ child, url, uncertain } = await startBridgeProcess(config));
    marks += uncertain;
  }
  const came = (name: string, chat: number) =>
    telegram.delivered().filter(({ chat_id, file }) => chat_id === chat && file?.name === name);
  const missing = () => acknowledged.filter((name) => [1, 2].some((chat) => came(name, chat).length === 0));
  await until("every file", () => missing().length === 0);
  await stopProcess(child, "SIGTERM");
  await telegram.close();
  const copies = acknowledged.flatMap((name) => [1, 2].map((chat) => came(name, chat).length - 1));
  const twice = copies.reduce((sum, n) => sum + n, 0);
  console.log(`${acknowledged.length} files over ${kills} kills, ${twice} copies, ${marks} marks`);
  expect(twice).toBeLessThanOrEqual(marks);
  expect(came("f0-0.txt", 1)[0]?.file?.sha256).toBe(sha256(Buffer.from("f0-0")));
  expect(telegram.violations()).toEqual([]);
});
