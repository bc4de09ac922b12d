import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { describe, expect, test, vi } from "vitest";
import { BEN } from "../../bridge/sessions/talk.ts";
import { until } from "../../bridge/support.ts";
import { keys, keysJson, postStateless } from "../../support/server.ts";
import { talk } from "../../support/web-socket.ts";
import { allKeys, otherKey, Stage } from "./stage.ts";

const stage = new Stage();
const says = (text: string, more = {}) => stage.talk.says(text, more);

describe("a session that is a channel", () => {
  test("is told so, and how to answer; one without a name is not", async () => {
    const named = await stage.client({ query: "?session=told" });
    expect(named.client.getServerCapabilities()?.experimental).toEqual({
      "claude/channel": {},
      "claude/channel/permission": {},
    });
    expect(named.client.getInstructions()).toMatch(/know this session as "told".*tool reply/s);
    const byHeader = await stage.client({ headers: { "x-cctelegram-session": "by-header" } });
    expect(byHeader.client.getServerCapabilities()?.experimental).toBeDefined();
    const nameless = await stage.client({});
    expect(nameless.client.getServerCapabilities()?.experimental).toBeUndefined();
    expect(nameless.client.getInstructions()).not.toContain("<channel");
  });

  test("is none for a key that may not, and for what is no name", async () => {
    const { client } = await stage.client({ key: keys.messages, query: "?session=api" });
    expect(client.getServerCapabilities()?.experimental).toBeUndefined();
    await expect(stage.client({ query: "?session=my%20api" })).rejects.toThrow(/session: expected 1 to 64 letters/);
    await expect(stage.client({ query: "?session=a&session=b" })).rejects.toThrow(/session: expected 1 to 64 letters/);
  });

  test("finds no server/discover, so that its client begins with initialize; everybody else does", async () => {
    const discover = { method: "server/discover" };
    const named = { "x-cctelegram-session": "api" };
    const hidden = await postStateless(stage.at(0), keys.all, discover, named);
    expect(hidden.status).toBe(404);
    expect(await hidden.json()).toMatchObject({ error: { code: -32601 } });
    expect((await postStateless(stage.at(0), keys.all, discover)).status).toBe(200);
    expect((await postStateless(stage.at(0), keys.messages, discover, named)).status).toBe(200);
  });

  test("of a client of SDK v2, which would talk without initialize, begins with it", async () => {
    const negotiation = { versionNegotiation: { mode: "auto" } } as const;
    const client = new ModernClient({ name: "claude-code", version: "2.1.81" }, negotiation);
    const requestInit = { headers: { "x-api-key": keys.all } };
    const url = new URL(`${stage.at(0).url}/mcp?session=modern`);
    await client.connect(new ModernTransport(url, { requestInit }));
    expect(client.getNegotiatedProtocolVersion()).toBe("2025-11-25");
    expect(client.getServerCapabilities()?.experimental).toMatchObject({ "claude/channel": {} });
    await stage.bound("modern");
    says("hello");
    await stage.counts("read", 1);
    await client.close();
  });

  test("hears what people say, once, in order and with its age, also what was said before it came", async () => {
    const before = await stage.talk.session("late", "admin");
    await before.call("/sessions/leave");
    await stage.bind("late");
    for (const text of ["one", "two"]) says(text);
    await stage.waits(2, "late");
    const { contents, heard } = await stage.client({ query: "?session=late" });
    await stage.waits(0, "late");
    for (const text of ["three", "four"]) says(text);
    await vi.waitFor(() => expect(contents()).toEqual(["one", "two", "three", "four"]));
    await stage.waits(0, "late");
    expect(heard[0]?.meta).toMatchObject({ chat_id: "1", user_id: "1", user: "Anna", age_seconds: expect.any(String) });
    expect(heard.some(({ meta }) => "again" in meta)).toBe(false);
    await stage.talk.tells(1, "late is away");
  });

  test("hears its own and nothing else: not what another name of its key is told, nor another key", async () => {
    const api = await stage.client({ query: "?session=api" });
    const web = await stage.client({ query: "?session=web" });
    const other = await stage.client({ key: otherKey, query: "?session=api" });
    await stage.is("here", "web");
    await stage.bound("api");
    await stage.bind("api", { client: "other", from: BEN });
    says("to api");
    says("to the other api", { from: BEN });
    await vi.waitFor(() => expect([api.contents(), other.contents()]).toEqual([["to api"], ["to the other api"]]));
    await stage.bind("web");
    says("to web");
    await vi.waitFor(() => expect(web.contents()).toEqual(["to web"]));
    expect([api.contents(), other.contents()]).toEqual([["to api"], ["to the other api"]]);
  });

  test("is told nothing before its client is ready, even on an open stream, and nothing that a stream keeps", async () => {
    const { session, post, answered } = await stage.raw("early", { isReady: false });
    const stream = await stage.listen(0, session);
    await stream.until(/retry/);
    expect((await post({ jsonrpc: "2.0", id: 1, method: "ping" })).status).toBe(200);
    expect(stage.session("early")).toBeUndefined();
    await post({ jsonrpc: "2.0", method: "notifications/initialized" });
    await stage.bound("early");
    says("now");
    const seen = await stream.until(/"now"[\s\S]*"method":"ping"/);
    expect(seen).not.toMatch(/id: [^\n]*\nevent: message\ndata: [^\n]*"(now|ping)"/);
    await answered(seen);
    await stage.waits(0, "early");
    await stream.cancel();
  });

  test("is one with its WebSocket", async () => {
    const connection = await talk(stage.at(0).url, { key: keys.all, path: "/mcp?session=socket" });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const { result } = await connection.ask("initialize", params);
    expect(result?.capabilities).toMatchObject({ experimental: { "claude/channel": {} } });
    expect(stage.session("socket")).toBeUndefined();
    connection.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    await stage.bound("socket");
    says("hello");
    const { params: told } = await connection.until(({ method }) => method === "notifications/claude/channel");
    expect(told).toMatchObject({ content: "hello" });
    const { id } = await connection.until(({ method }) => method === "ping");
    connection.send({ jsonrpc: "2.0", id, result: {} });
    await stage.waits(0, "socket");
    connection.socket.close();
    await stage.is("away", "socket");
  });

  test("of a key that was taken back hears nothing more on its open stream", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keys-"));
    const file = join(folder, "keys.json");
    await writeFile(file, allKeys);
    const server = await stage.server({ MCP_API_KEYS_FILE: file });
    const first = await stage.client({ query: "?session=revoked", key: otherKey, to: server.url });
    await stage.bind("revoked", { client: "other" });
    says("before");
    await vi.waitFor(() => expect(first.contents()).toEqual(["before"]));
    await stage.waits(0, "revoked", "other");
    await writeFile(file, keysJson);
    await server.reload();
    for (const text of ["after", "later"]) says(text);
    await stage.waits(2, "revoked", "other");
    await stage.vanished("revoked", "other");
    const second = await stage.client({ query: "?session=revoked", key: otherKey });
    await vi.waitFor(() => expect(second.contents()).toEqual(["after", "later"]));
    expect(first.contents()).toEqual(["before"]);
    await server.close();
    await rm(folder, { recursive: true });
  });
});

describe("what was written and not confirmed", () => {
  test.each([
    ["the same replica", 0],
    ["another replica", 1],
  ])(
    "comes again, marked, on %s, when the stream is cut between the event and the ping's answer",
    async (_where, to) => {
      const { session, answered } = await stage.raw("cut");
      const first = await stage.listen(0, session);
      await stage.bound("cut");
      says("hello");
      const seen = await first.until(/"method":"ping"/);
      await first.cancel();
      const second = await stage.listen(to, { ...session, "last-event-id": /id: (\S+)/.exec(seen)?.[1] ?? "" });
      const again = await second.until(/"again":"true"[\s\S]*"method":"ping"/);
      expect(again.match(/"hello"/g)).toHaveLength(1);
      expect(stage.session("cut")?.waiting).toBe(1);
      await answered(again, to);
      await stage.waits(0, "cut");
      await second.cancel();
    },
  );

  test("is read when the ping is answered, whichever replica hears that", async () => {
    const { session, answered } = await stage.raw("elsewhere");
    const stream = await stage.listen(0, session);
    await stage.bound("elsewhere");
    says("hello");
    await answered(await stream.until(/"method":"ping"/), 1);
    await stage.waits(0, "elsewhere");
    await stage.counts("read", 1);
    await stream.cancel();
  });

  test("counts as written when the client does not say that it has read it", async () => {
    const { session } = await stage.raw("silent");
    const stream = await stage.listen(0, session);
    await stage.bound("silent");
    says("hello");
    await stream.until(/"hello"/);
    await until("it is settled", () => stage.session("silent")?.waiting === 0);
    await stage.counts("written", 1);
    await stream.cancel();
  });
});

describe("a session on another replica", () => {
  test("goes on there with what it has not heard, and the first one says nothing more", async () => {
    const { session, answered } = await stage.raw("moving");
    const first = await stage.listen(0, session);
    await stage.bound("moving");
    says("one");
    await answered(await first.until(/"one"[\s\S]*"method":"ping"/));
    await stage.waits(0, "moving");
    // The first stream stays open: its client is on the other one.
    const second = await stage.listen(1, session);
    await second.until(/retry/);
    const before = stage.session("moving")?.heard_at;
    await until("the second listens", () => stage.session("moving")?.heard_at !== before);
    says("two");
    const seen = await second.until(/"two"[\s\S]*"method":"ping"/);
    await answered(seen);
    await stage.waits(0, "moving");
    expect(seen).not.toContain('"one"');
    await first.cancel();
    await second.cancel();
  });

  test("is ready when its client has said so to another replica, and ends everywhere", async () => {
    const { session } = await stage.raw("ready");
    const stream = await stage.listen(1, session);
    await stage.bound("ready");
    says("hello");
    await stream.until(/"hello"/);
    await stage.at(0).fetch("/mcp", { method: "DELETE", key: keys.all, headers: session });
    await stage.is("away", "ready");
    expect(stage.session("ready")?.waiting).toBe(1);
    await stream.cancel();
  });
});
