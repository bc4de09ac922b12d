import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ServerError } from "../../../contract/errors.ts";
import { routes } from "../../../contract/routes.ts";
import type { SessionReply } from "../../../contract/sessions.ts";
import type { BridgeClient } from "../../../server/bridge-client/bridge-client.ts";
import { httpBridgeClient } from "../../../server/bridge-client/http-bridge-client.ts";
import { localBridgeClient } from "../../../server/bridge-client/local-bridge-client.ts";
import { type CallingSession, noInteraction } from "../../../server/features/interaction.ts";
import { tools } from "../../../server/tools/registry.ts";
import type { ToolContext } from "../../../server/tools/tool.ts";
import { type FakeBridge, idleBridge, secret, startFakeBridge } from "../support/fake-bridge.ts";
import { idleChannel } from "../support/idle-channel.ts";

let bridge: FakeBridge;
let client: BridgeClient;
const replies: SessionReply[] = [];

/** A bridge in which somebody speaks to each session in all chats but one. */
const local = localBridgeClient({
  ...idleBridge,
  channel: {
    ...idleChannel,
    speaking: {
      ...idleChannel.speaking,
      async reply(asked) {
        const { name, chat_id } = asked;
        if (chat_id === 404) throw new ServerError("CHAT_NOT_BOUND", { name, chat_id });
        replies.push(asked);
        return { event_id: asked.reply_id, messages: 1, message_ids: [7], duplicate: false };
      },
    },
  },
});

beforeEach(async () => {
  bridge = await startFakeBridge();
  client = httpBridgeClient({ url: bridge.url, secret, timeoutMs: 5_000, clock: Date.now });
  replies.length = 0;
});

afterEach(async () => {
  await client.close();
  await bridge.close();
});

const calling: CallingSession = {
  holder: "h",
  isChannel: true,
  name: "api",
  learnName: async () => "api",
  rename: async () => {},
};

async function call(name: string, args: unknown, session: CallingSession | undefined = calling, to = local) {
  const tool = tools.get(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const context: ToolContext = {
    bridge: to,
    client: { name: "claude", permissions: new Set() },
    interaction: { ...noInteraction, session },
    clock: Date.now,
    newId: () => "id-1",
  };
  const result = await tool.call(args, context);
  if (!("structured" in result)) return result.content;
  // What is promised to clients as outputSchema must hold, without anything beside it.
  expect(tool.output?.parse(result.structured)).toEqual(result.structured);
  return result.structured;
}

/** Answers a path by the bridge's own bytes. */
function answers(path: string, status: number, headers: Record<string, string>, body: string | Uint8Array): string[] {
  const asked: string[] = [];
  bridge.intercept = (request, response) => {
    const url = request.url ?? "";
    if (!url.startsWith(path)) return false;
    asked.push(url);
    response.writeHead(status, headers).end(body);
    return true;
  };
  return asked;
}

const withFile = (file: object) => ({ chat_id: "1", text: "hello", files: [file] });

describe("what a session says", () => {
  test("files go along as photos and documents, by their types, names or data URIs", async () => {
    await call("reply", {
      ...{ chat_id: "5", text: "see" },
      files: [
        { name: "a.png", content: "aGk=" },
        { name: "a.JPG", content: "aGk=", kind: "document" },
        "data:image/webp;base64,aGk=",
        { name: "b.bin", content: "data:text/plain;charset=utf-8;base64,aGk=" },
      ],
    });
    expect(replies.at(-1)?.files).toEqual([
      { kind: "photo", name: "a.png", media_type: "image/png", content: "aGk=" },
      { kind: "document", name: "a.JPG", media_type: "image/jpeg", content: "aGk=" },
      { kind: "photo", name: "file-3.webp", media_type: "image/webp", content: "aGk=" },
      { kind: "document", name: "b.bin", media_type: "text/plain", content: "aGk=" },
    ]);
    await call("reply", { chat_id: "5", text: "none", files: [] });
    expect(replies.at(-1)).not.toHaveProperty("files");
  });

  test("a reply goes to the chat, topic and message that it is for, with ids as text or as numbers", async () => {
    const result = await call("reply", { chat_id: "-1001234", text: "done", reply_to: "7", topic: 3 });
    expect(result).toEqual({
      success: true,
      event_id: "id-1",
      message_ids: [7],
      message: "Reply accepted. Event ID: id-1",
    });
    const place = { chat_id: -1_001_234, topic: 3, reply_to: 7 };
    expect(replies).toEqual([{ client: "claude", name: "api", reply_id: "id-1", text: "done", ...place }]);
    await call("reply", { chat_id: 5, text: "done" });
    expect(replies.at(-1)).toMatchObject({ chat_id: 5 });
  });

  test("a chat in which nobody speaks to it is refused in words that say what to do", async () => {
    await expect(call("reply", { chat_id: "404", text: "hello" })).rejects.toMatchObject({
      code: "CHAT_NOT_BOUND",
      message: expect.stringContaining("/bind api"),
    });
  });

  test.each([
    ["a chat that is none", { chat_id: "general", text: "hello" }, "chat_id"],
    ["a message that is none", { chat_id: "1", text: "hello", reply_to: "-7" }, "reply_to"],
    ["no text", { chat_id: "1", text: " " }, "text"],
    ["a file of the client's machine", { chat_id: "1", text: "hello", files: ["/etc/passwd"] }, "cannot read"],
    [
      "a file without a place",
      { chat_id: "1", text: "hello", files: ["report.pdf"] },
      "files[0]: expected an absolute",
    ],
    ["a file elsewhere", { chat_id: "1", text: "hello", files: ["https://example.com/a.png"] }, "no URL is fetched"],
    ["a file that is no base64", withFile({ name: "a.txt", content: "hello!" }), "files[0].content: it is not base64"],
    ["a data URI that is no base64", withFile({ name: "a", content: "data:,hello" }), "files[0].content: a data URI"],
    ["a file with a path for a name", withFile({ name: "../a.txt", content: "aGk=" }), "files[0].name"],
    ["a photo that is none", withFile({ name: "a.pdf", content: "aGk=", kind: "photo" }), "files[0].media_type"],
    ["too much", withFile({ name: "a.txt", content: "AAAA".repeat(60_000) }), "files: they have 180000 bytes"],
    ["too many", { chat_id: "1", text: "hello", files: Array(5).fill({ name: "a", content: "aGk=" }) }, "files"],
    ["a session that is no name", { chat_id: "1", text: "hello", session: "a b" }, "session"],
  ])("%s is refused by name", async (_what, args, problem) => {
    await expect(call("reply", args)).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      message: expect.stringContaining(problem),
    });
    expect(replies).toEqual([]);
  });

  test("a session of another name is named in the call; without any the call says so", async () => {
    await call("reply", { chat_id: 1, text: "hello", session: "web" });
    expect(replies.at(-1)).toMatchObject({ name: "web" });
    const nameless = { ...calling, name: undefined, learnName: async () => undefined };
    for (const session of [undefined, nameless]) {
      const refused = call("react", { chat_id: 1, message_id: 1, emoji: "👍" }, session ?? nameless);
      await expect(refused).rejects.toMatchObject({ message: expect.stringContaining("register_session") });
    }
  });

  test("a reaction, and a message that is changed by Telegram's number or by the id of a reply", async () => {
    expect(await call("react", { chat_id: "1", message_id: "7", emoji: "👍" })).toMatchObject({ success: true });
    const bodies: unknown[] = [];
    bridge.intercept = async (request, response) => {
      if (request.url !== routes.sessionEdit) return false;
      bodies.push(request.method);
      response.writeHead(200, { "content-type": "application/json" }).end('{"message_id":9}');
      return true;
    };
    for (const message_id of ["7", 7, "id-1"]) {
      const result = await call("edit_message", { chat_id: "1", message_id, text: "half done" }, calling, client);
      expect(result).toMatchObject({ success: true, message_id: 9 });
    }
    expect(bodies).toHaveLength(3);
  });
});

describe("a file that somebody sent", () => {
  const get = (args: object) => call("download_attachment", args, calling, client);

  test("a picture is shown, a text is read, and anything else comes as it is", async () => {
    const headers = {
      "content-type": "image/png",
      "content-disposition": "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.png",
    };
    const asked = answers("/attachments/", 200, headers, Uint8Array.of(1, 2, 255));
    expect(await get({ file_id: "12" })).toEqual([
      { type: "text", text: "größe.png (image/png, 3 bytes)" },
      { type: "image", mimeType: "image/png", data: "AQL/" },
    ]);
    expect(asked).toEqual(["/attachments/12?client=claude&name=api"]);
    answers("/attachments/", 200, { "content-type": "text/csv; charset=utf-8" }, "a,b");
    expect(await get({ file_id: 13 })).toEqual([
      { type: "text", text: "A file without a name (text/csv; charset=utf-8, 3 bytes)" },
      { type: "resource", resource: { uri: "cctelegram://attachments/13", mimeType: "text/csv", text: "a,b" } },
    ]);
    // It says that it is text, and is none.
    answers("/attachments/", 200, { "content-type": "text/plain" }, Uint8Array.of(0xff, 0xfe));
    expect(await get({ file_id: 14 })).toMatchObject([{}, { resource: { mimeType: "text/plain", blob: "//4=" } }]);
  });

  test("one that is not there, or is too large, is refused in words that say what to do", async () => {
    const refuse = (status: number, body: object) =>
      answers(
        "/attachments/",
        status,
        { "content-type": "application/json" },
        JSON.stringify({ error: true, ...body }),
      );
    refuse(404, { code: "ATTACHMENT_NOT_FOUND" });
    await expect(get({ file_id: "1" })).rejects.toMatchObject({ code: "ATTACHMENT_NOT_FOUND" });
    refuse(413, { code: "ATTACHMENT_TOO_LARGE", limit: "20 MB" });
    await expect(get({ file_id: "1" })).rejects.toMatchObject({ message: expect.stringContaining("20 MB") });
    for (const file_id of ["0", "../1", "AgACAgIAAx0"]) {
      await expect(get({ file_id })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    }
  });
});

describe("pair_person", () => {
  test("lets in whom the bot told the code, however it is typed", async () => {
    expect(await call("pair_person", { code: " ABCDE2 " }, calling, client)).toEqual({
      success: true,
      user_id: 1,
      username: null,
      first_name: "Ada",
      message: "Ada may talk to the bot from now on.",
    });
    await expect(call("pair_person", { code: "abcdel" }, calling, client)).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
    });
  });

  test("says what to do when nobody was told that code", async () => {
    answers(routes.pair, 404, { "content-type": "application/json" }, '{"error":true,"code":"PAIRING_CODE_UNKNOWN"}');
    await expect(call("pair_person", { code: "abcde2" }, calling, client)).rejects.toMatchObject({
      code: "PAIRING_CODE_UNKNOWN",
      message: expect.stringContaining("write to the bot again"),
    });
  });
});
