import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, keysJson, postStateless, startServer, type TestServer } from "../support/server.ts";
import { talk } from "../support/web-socket.ts";

const otherKey = "key-of-another-client-with-a-session";
const allKeys = JSON.stringify({
  ...JSON.parse(keysJson),
  [otherKey]: { name: "other", permissions: ["group:sessions", "group:responses"], enabled: true },
});

const channelNotification = z.object({
  method: z.literal("notifications/claude/channel"),
  params: z.object({ content: z.string(), meta: z.record(z.string(), z.string()) }),
});

const verdictNotification = z.object({
  method: z.literal("notifications/claude/channel/permission"),
  params: z.object({ request_id: z.string(), behavior: z.enum(["allow", "deny"]) }),
});

type Heard = { readonly content: string; readonly meta: Readonly<Record<string, string>> };

type ChannelClient = {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
  readonly heard: Heard[];
  readonly verdicts: z.output<typeof verdictNotification>["params"][];
  contents(): string[];
};

let bridge: FakeBridge;
let servers: readonly TestServer[];
const open: Client[] = [];

beforeAll(async () => {
  bridge = await startFakeBridge();
  const start = () => startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000", MCP_API_KEYS: allKeys });
  servers = await Promise.all([start(), start()]);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await bridge.close();
});

const serverAt = (index: number): TestServer => servers[index % servers.length] as TestServer;

/** A client as Claude Code is one: it hears of what people say. `headers` and the query name its session. */
async function channelClient({
  key = keys.all as string,
  query = "",
  headers = {},
  to = serverAt(0).url,
  fetch: send = fetch as typeof fetch,
}): Promise<ChannelClient> {
  const client = new Client({ name: "claude-code", version: "2.1.81" });
  const heard: Heard[] = [];
  const verdicts: ChannelClient["verdicts"] = [];
  client.setNotificationHandler(channelNotification, ({ params }) => void heard.push(params));
  client.setNotificationHandler(verdictNotification, ({ params }) => void verdicts.push(params));
  const transport = new StreamableHTTPClientTransport(new URL(`${to}/mcp${query}`), {
    requestInit: { headers: { "x-api-key": key, ...headers } },
    fetch: send,
  });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  open.push(client);
  return { client, transport, heard, verdicts, contents: () => heard.map(({ content }) => content) };
}

const isThere = (client: string, name: string) =>
  vi.waitFor(() => expect(bridge.sessions.holderOf(client, name)).toBeDefined(), { timeout: 5_000 });
const settled = (client: string, name: string, count: number, ending = "read") =>
  vi.waitFor(() => expect(bridge.sessions.endings(client, name)).toEqual(Array.from({ length: count }, () => ending)), {
    timeout: 5_000,
  });

describe("a session that is a channel", () => {
  test("is told so, and how to answer; one without a name is not", async () => {
    const named = await channelClient({ query: "?session=told" });
    expect(named.client.getServerCapabilities()?.experimental).toEqual({
      "claude/channel": {},
      "claude/channel/permission": {},
    });
    expect(named.client.getInstructions()).toMatch(/known? this session as "told".*tool reply/s);
    const byHeader = await channelClient({ headers: { "x-cctelegram-session": "by-header" } });
    expect(byHeader.client.getServerCapabilities()?.experimental).toBeDefined();
    const nameless = await channelClient({});
    expect(nameless.client.getServerCapabilities()?.experimental).toBeUndefined();
    expect(nameless.client.getInstructions()).not.toContain("<channel");
  });

  test("is none for a key that may not, and for what is no name", async () => {
    const { client } = await channelClient({ key: keys.messages, query: "?session=api" });
    expect(client.getServerCapabilities()?.experimental).toBeUndefined();
    await expect(channelClient({ query: "?session=my%20api" })).rejects.toThrow(/session: expected 1 to 64 letters/);
    await expect(channelClient({ query: "?session=a&session=b" })).rejects.toThrow(/session: expected 1 to 64 letters/);
  });

  test("finds no server/discover, so that its client begins with initialize; everybody else does", async () => {
    const discover = { method: "server/discover" };
    const hidden = await postStateless(serverAt(0), keys.all, discover, { "x-cctelegram-session": "api" });
    expect(hidden.status).toBe(404);
    expect(await hidden.json()).toMatchObject({ error: { code: -32601 } });
    expect((await postStateless(serverAt(0), keys.all, discover)).status).toBe(200);
    const unpermitted = await postStateless(serverAt(0), keys.messages, discover, { "x-cctelegram-session": "api" });
    expect(unpermitted.status).toBe(200);
  });

  test("hears what people say, once and in order, also what waited before it came", async () => {
    bridge.sessions.register({ client: "admin", name: "late", holder: "before", take_over: false });
    bridge.sessions.leave({ client: "admin", name: "late", holder: "before" });
    for (const text of ["one", "two"]) bridge.sessions.say("admin", "late", text);
    const { contents, heard } = await channelClient({ query: "?session=late" });
    await settled("admin", "late", 2);
    for (const text of ["three", "four"]) bridge.sessions.say("admin", "late", text);
    await settled("admin", "late", 4);
    expect(contents()).toEqual(["one", "two", "three", "four"]);
    expect(heard.some(({ meta }) => "again" in meta)).toBe(false);
  });

  test("hears its own and nothing else: not what another name of its key is told, nor another key", async () => {
    const api = await channelClient({ query: "?session=api" });
    const web = await channelClient({ query: "?session=web" });
    const other = await channelClient({ key: otherKey, query: "?session=api" });
    await Promise.all([isThere("admin", "api"), isThere("admin", "web"), isThere("other", "api")]);
    bridge.sessions.say("admin", "api", "to api");
    bridge.sessions.say("admin", "web", "to web");
    bridge.sessions.say("other", "api", "to the other api");
    await Promise.all([settled("admin", "api", 1), settled("admin", "web", 1), settled("other", "api", 1)]);
    expect([api.contents(), web.contents(), other.contents()]).toEqual([["to api"], ["to web"], ["to the other api"]]);
  });

  test("is told nothing before its client is ready, even on an open stream", async () => {
    const post = (json: object, headers = {}) =>
      serverAt(0).fetch("/mcp?session=early", {
        key: keys.all,
        json,
        headers: { accept: "application/json, text/event-stream", ...headers },
      });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const begun = await post({ jsonrpc: "2.0", id: 0, method: "initialize", params });
    const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
    const stream = await listen(0, session, "?session=early");
    await stream.until(/retry/);
    expect((await post({ jsonrpc: "2.0", id: 1, method: "ping" }, session)).status).toBe(200);
    expect(bridge.sessions.holderOf("admin", "early")).toBeUndefined();
    await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
    await isThere("admin", "early");
    bridge.sessions.say("admin", "early", "now");
    expect(await stream.until(/"now"/)).not.toMatch(/id: [^\n]*\nevent: message\ndata: [^\n]*"now"/);
    await stream.cancel();
  });
});

/** The events of a stream, as text. */
async function listen(server: number, headers: Record<string, string>, query = "") {
  const response = await serverAt(server).fetch(`/mcp${query}`, {
    key: keys.all,
    headers: { accept: "text/event-stream", ...headers },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  return {
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(seen)) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended before ${pattern}: ${seen}`);
        seen += value;
      }
      return seen;
    },
    cancel: async () => void (await reader?.cancel()),
  };
}

/** A session whose client says by itself what it has read. */
async function rawChannel(name: string, server = 0) {
  const accept = "application/json, text/event-stream";
  const post = (json: object, headers = {}, to = server) =>
    serverAt(to).fetch(`/mcp?session=${name}`, { key: keys.all, json, headers: { accept, ...headers } });
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const begun = await post({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
  return { session, post: (json: object, to = server) => post(json, session, to) };
}

const pingIn = (seen: string) => [...seen.matchAll(/"id":"([^"]+)","method":"ping"/g)].at(-1)?.[1] ?? "";

describe("what was written and not confirmed", () => {
  test("comes again, marked, when the stream is cut between the event and the ping's answer", async () => {
    const { session, post } = await rawChannel("cut");
    const first = await listen(0, session);
    await isThere("admin", "cut");
    bridge.sessions.say("admin", "cut", "hello");
    const seen = await first.until(/"method":"ping"/);
    const lastEventId = /id: (\S+)/.exec(seen)?.[1] ?? "";
    await first.cancel();
    const second = await listen(0, { ...session, "last-event-id": lastEventId });
    const again = await second.until(/"again":"true"[\s\S]*"method":"ping"/);
    expect(again.match(/"hello"/g)).toHaveLength(1);
    expect(bridge.sessions.endings("admin", "cut")).toEqual([undefined]);
    await post({ jsonrpc: "2.0", id: pingIn(again), result: {} });
    await settled("admin", "cut", 1);
    await second.cancel();
  });

  test("is read when the ping is answered, whichever replica hears that", async () => {
    const { session, post } = await rawChannel("elsewhere");
    const stream = await listen(0, session);
    await isThere("admin", "elsewhere");
    bridge.sessions.say("admin", "elsewhere", "hello");
    const ping = pingIn(await stream.until(/"method":"ping"/));
    await post({ jsonrpc: "2.0", id: ping, result: {} }, 1);
    await settled("admin", "elsewhere", 1);
    await stream.cancel();
  });

  test("counts as written when the client does not say that it has read it", { timeout: 20_000 }, async () => {
    const before = Number(await serverAt(0).metric('mcp_channel_events_total{ending="written"}'));
    const { session } = await rawChannel("silent");
    const stream = await listen(0, session);
    await isThere("admin", "silent");
    bridge.sessions.say("admin", "silent", "hello");
    await stream.until(/"hello"/);
    await vi.waitFor(() => expect(bridge.sessions.endings("admin", "silent")).toEqual(["written"]), {
      timeout: 15_000,
    });
    expect(await serverAt(0).metric('mcp_channel_events_total{ending="written"}')).toBe(String(before + 1));
    await stream.cancel();
  });
});

describe("a session on another replica", () => {
  test("goes on there with what it has not heard, and the first one says nothing more", async () => {
    const { session, post } = await rawChannel("moving");
    const first = await listen(0, session);
    await isThere("admin", "moving");
    bridge.sessions.say("admin", "moving", "one");
    await post({ jsonrpc: "2.0", id: pingIn(await first.until(/"one"[\s\S]*"method":"ping"/)), result: {} });
    await settled("admin", "moving", 1);
    // The first stream stays open: its client is on the other one.
    const second = await listen(1, session);
    await second.until(/retry/);
    bridge.sessions.say("admin", "moving", "two");
    const seen = await second.until(/"two"[\s\S]*"method":"ping"/);
    await post({ jsonrpc: "2.0", id: pingIn(seen), result: {} });
    await settled("admin", "moving", 2);
    expect(seen).not.toContain('"one"');
    await first.cancel();
    await second.cancel();
  });

  test("is ready when its client has said so to another replica", async () => {
    const { session } = await rawChannel("ready", 0);
    const stream = await listen(1, session);
    await isThere("admin", "ready");
    bridge.sessions.say("admin", "ready", "hello");
    await stream.until(/"hello"/);
    await stream.cancel();
  });

  test("ends everywhere when its client ends it, and its name is free", async () => {
    const { session } = await rawChannel("ending");
    const stream = await listen(0, session);
    await isThere("admin", "ending");
    await serverAt(1).fetch("/mcp", { method: "DELETE", key: keys.all, headers: session });
    await vi.waitFor(() => expect(bridge.sessions.holderOf("admin", "ending")).toBeUndefined());
    await stream.cancel();
  });
});

describe("two sessions of one name", () => {
  test("the second is told that the first is there, and hears nothing of what is said to that one", async () => {
    const first = await channelClient({ query: "?session=twice" });
    await isThere("admin", "twice");
    const second = await channelClient({ query: "?session=twice" });
    await vi.waitFor(() => expect(second.contents()).toEqual([expect.stringContaining('named "twice" and is there')]));
    bridge.sessions.say("admin", "twice", "hello");
    await settled("admin", "twice", 1);
    expect(first.contents()).toEqual(["hello"]);
    expect(second.heard).toHaveLength(1);
    const refused = await second.client.callTool({ name: "register_session", arguments: { name: "twice" } });
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("take_over") }] });
  });

  test("the second takes the name over when it asks for that, and the first hears nothing more", async () => {
    const first = await channelClient({ query: "?session=over" });
    await isThere("admin", "over");
    const second = await channelClient({ query: "?session=over" });
    await vi.waitFor(() => expect(second.heard).toHaveLength(1));
    const call = { name: "register_session", arguments: { name: "over", take_over: true } };
    expect(await second.client.callTool(call)).toMatchObject({
      structuredContent: { success: true, is_new: false, comes_by_itself: true },
    });
    bridge.sessions.say("admin", "over", "hello");
    await settled("admin", "over", 1);
    expect(second.contents().slice(1)).toEqual(["hello"]);
    expect(first.heard).toEqual([]);
  });

  test("the second gets the name by itself when the first is gone", { timeout: 20_000 }, async () => {
    const first = await channelClient({ query: "?session=next" });
    await isThere("admin", "next");
    const second = await channelClient({ query: "?session=next" });
    await vi.waitFor(() => expect(second.heard).toHaveLength(1));
    const before = bridge.sessions.holderOf("admin", "next");
    await first.transport.terminateSession();
    await vi.waitFor(() => expect(bridge.sessions.holderOf("admin", "next")).not.toBe(before));
    await isThere("admin", "next");
    bridge.sessions.say("admin", "next", "hello");
    await settled("admin", "next", 1);
    expect(second.contents().slice(1)).toEqual(["hello"]);
  });

  test("a session takes another name, and hears what is said to that one, on whichever replica it asked", async () => {
    const { client, contents } = await channelClient({ query: "?session=old", fetch: roaming() });
    await isThere("admin", "old");
    for (let time = 0; time < 2; time++) {
      await client.callTool({ name: "register_session", arguments: { name: `new-${time}` } });
      await isThere("admin", `new-${time}`);
    }
    expect(bridge.sessions.holderOf("admin", "old")).toBeUndefined();
    bridge.sessions.say("admin", "new-1", "hello");
    await settled("admin", "new-1", 1);
    expect(contents()).toEqual(["hello"]);
    expect(await client.callTool({ name: "reply", arguments: { chat_id: "1", text: "yes" } })).toMatchObject({
      structuredContent: { success: true },
    });
    expect(bridge.sessions.replies.at(-1)).toMatchObject({ client: "admin", name: "new-1", chat_id: 1, text: "yes" });
  });
});

/** Every request goes to the next server; the stream stays where it was opened. */
function roaming(): typeof fetch {
  let turn = 0;
  return (url, init) => {
    const target = new URL(String(url));
    if (init?.method === "POST") target.port = new URL(serverAt(turn++).url).port;
    return fetch(target, init);
  };
}

describe("prompts of a session's tools", () => {
  const prompt = (params: object) => ({
    jsonrpc: "2.0",
    method: "notifications/claude/channel/permission_request",
    params,
  });
  const asked = { request_id: "abcde", tool_name: "Bash", description: "Lists files", input_preview: "ls -l" };

  test("become approvals, and the verdict goes back to the session", async () => {
    const { client, verdicts } = await channelClient({ query: "?session=prompts", fetch: roaming() });
    await isThere("admin", "prompts");
    await client.notification(prompt(asked) as Parameters<Client["notification"]>[0]);
    await vi.waitFor(() =>
      expect(bridge.sessions.permissions.at(-1)).toMatchObject({ client: "admin", name: "prompts", ...asked }),
    );
    expect(bridge.sessions.permissions.at(-1)?.holder).toBe(bridge.sessions.holderOf("admin", "prompts"));
    bridge.sessions.decide("admin", "prompts", "abcde", "deny");
    await settled("admin", "prompts", 1);
    expect(verdicts).toEqual([{ request_id: "abcde", behavior: "deny" }]);
  });

  test("about a tool of this server are closed when the session calls it: somebody has allowed it in the terminal", async () => {
    const { client } = await channelClient({ query: "?session=terminal" });
    await isThere("admin", "terminal");
    const own = { ...asked, request_id: "owned", tool_name: "mcp__cctelegram__list_event_types" };
    for (const params of [asked, own]) {
      await client.notification(prompt(params) as Parameters<Client["notification"]>[0]);
    }
    for (const name of ["get_bridge_status", "list_event_types", "list_event_types"]) await client.callTool({ name });
    await vi.waitFor(() => expect(bridge.sessions.answered).toHaveLength(1));
    expect(bridge.sessions.answered).toMatchObject([{ name: "terminal", client: "admin", request_ids: ["owned"] }]);
  });

  test("are shortened to what people can read, and refused when they are none", async () => {
    const { post, session } = await rawChannel("long");
    const stream = await listen(0, session);
    await isThere("admin", "long");
    const long = { ...asked, tool_name: "x".repeat(500), description: "d".repeat(9_000), input_preview: undefined };
    expect((await post(prompt(long))).status).toBe(202);
    expect(bridge.sessions.permissions.at(-1)).toMatchObject({
      tool_name: `${"x".repeat(199)}…`,
      description: `${"d".repeat(1_999)}…`,
      input_preview: "",
    });
    const count = bridge.sessions.permissions.length;
    for (const wrong of [{ ...asked, request_id: "abcdl" }, { ...asked, request_id: "abcd" }, { request_id: "abcde" }])
      expect((await post(prompt(wrong))).status).toBe(400);
    const { post: nameless } = await beginSession(serverAt(0), keys.all);
    await nameless(prompt(asked));
    expect(bridge.sessions.permissions).toHaveLength(count);
    await stream.cancel();
  });
});

describe("other ways to a channel", () => {
  test("a client of SDK v2 that would talk without initialize begins with it here", async () => {
    const client = new ModernClient(
      { name: "claude-code", version: "2.1.81" },
      { versionNegotiation: { mode: "auto" } },
    );
    const requestInit = { headers: { "x-api-key": keys.all } };
    await client.connect(
      new ModernTransport(new URL(`${serverAt(0).url}/mcp?session=modern`), { requestInit }) as Parameters<
        ModernClient["connect"]
      >[0],
    );
    expect(client.getNegotiatedProtocolVersion()).toBe("2025-11-25");
    expect(client.getServerCapabilities()?.experimental).toMatchObject({ "claude/channel": {} });
    await isThere("admin", "modern");
    bridge.sessions.say("admin", "modern", "hello");
    await settled("admin", "modern", 1);
    await client.close();
  });

  test("a WebSocket is a session as long as it is open", async () => {
    const connection = await talk(serverAt(0).url, { key: keys.all, path: "/mcp?session=socket" });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const { result } = await connection.ask("initialize", params);
    expect(result?.capabilities).toMatchObject({ experimental: { "claude/channel": {} } });
    expect(bridge.sessions.holderOf("admin", "socket")).toBeUndefined();
    connection.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    await isThere("admin", "socket");
    bridge.sessions.say("admin", "socket", "hello");
    const { params: told } = await connection.until(({ method }) => method === "notifications/claude/channel");
    expect(told).toMatchObject({ content: "hello" });
    const { id } = await connection.until(({ method }) => method === "ping");
    connection.send({ jsonrpc: "2.0", id, result: {} });
    await settled("admin", "socket", 1);
    connection.socket.close();
    await vi.waitFor(() => expect(bridge.sessions.holderOf("admin", "socket")).toBeUndefined());
  });

  test("a stream of a key that was taken back hears nothing more", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keys-"));
    const file = join(folder, "keys.json");
    await writeFile(file, allKeys);
    const server = await startServer(bridge.url, { MCP_API_KEYS_FILE: file, MCP_RATE_LIMIT_REQUESTS: "1000" });
    const { contents } = await channelClient({ query: "?session=revoked", key: otherKey, to: server.url });
    await isThere("other", "revoked");
    bridge.sessions.say("other", "revoked", "before");
    await settled("other", "revoked", 1);
    await writeFile(file, keysJson);
    await server.reload();
    bridge.sessions.say("other", "revoked", "after");
    bridge.sessions.say("other", "revoked", "later");
    // Whoever may hear it comes and hears it first.
    bridge.sessions.expire("other", "revoked");
    const second = await channelClient({ query: "?session=revoked", key: otherKey });
    await vi.waitFor(() => expect(second.contents()).toEqual(["after", "later"]), { timeout: 5_000 });
    expect(contents()).toEqual(["before"]);
    await server.close();
    await rm(folder, { recursive: true });
  });

  test("what is not settled because the bridge is away is settled when it is back, and comes once", async () => {
    const { contents } = await channelClient({ query: "?session=patient" });
    await isThere("admin", "patient");
    let refused = 0;
    bridge.intercept = ({ url }, response) => {
      if (url !== "/sessions/settle" || refused >= 2) return false;
      refused += 1;
      response.writeHead(503, { "content-type": "application/json" }).end("{}");
      return true;
    };
    bridge.sessions.say("admin", "patient", "hello");
    await settled("admin", "patient", 1);
    bridge.intercept = () => false;
    expect(refused).toBe(2);
    expect(contents()).toEqual(["hello"]);
  });
});

describe("what a session of no channel does", () => {
  test("registers a name and asks for what was said to it; another key finds nothing", async () => {
    const client = await channelClient({});
    const registered = await client.client.callTool({ name: "register_session", arguments: { name: "pull" } });
    expect(registered.structuredContent).toMatchObject({
      comes_by_itself: false,
      message: expect.stringMatching(/get_telegram_responses with session "pull".*\/bind pull/),
    });
    const responses = await client.client.callTool({ name: "get_telegram_responses", arguments: { session: "pull" } });
    expect(responses.structuredContent).toMatchObject({ count: 0 });
    expect(bridge.requests.at(-1)).toMatch(/^GET \/responses\?client=admin&limit=10&session=pull$/);
    bridge.sessions.say("admin", "pull", "hello");
    const listed = await client.client.readResource({ uri: "cctelegram://sessions" });
    const [{ text = "" } = {}] = listed.contents as { text?: string }[];
    expect(JSON.parse(text)).toContainEqual(expect.objectContaining({ name: "pull", waiting: 1, client: "admin" }));
    const other = await channelClient({ key: otherKey });
    const seen = await other.client.readResource({ uri: "cctelegram://sessions" });
    expect(JSON.stringify(seen.contents)).not.toContain("pull");
    const reply = { name: "reply", arguments: { chat_id: 1, text: "hello", session: "pull" } };
    expect(await other.client.callTool(reply)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("register_session") }],
    });
  });

  test("says which session it is when nobody can know", async () => {
    const response = await serverAt(0).fetch("/tools/reply", { key: keys.all, json: { chat_id: 1, text: "hello" } });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("session: this call comes from no named session");
  });

  test("what it sends names its session, so that answers find it", async () => {
    const { client } = await channelClient({ query: "?session=sender" });
    await client.callTool({ name: "send_telegram_message", arguments: { message: "hello" } });
    expect(bridge.events.at(-1)).toMatchObject({ client: "admin", session: "sender" });
  });
});
