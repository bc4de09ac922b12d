import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Approval } from "../../../contract/approvals.ts";
import { features } from "../../../server/features/features.ts";
import { approvalRequestTool } from "../../../server/tools/send-approval-request.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { ANNA, press, questions } from "../bridge/approvals/support.ts";
import { bridgeFor, configFor, type Scratch, scratch, type TestBridge, TOKEN, until } from "../bridge/support.ts";
import { auditOf } from "../support/audit.ts";
import { secret } from "../support/fake-bridge.ts";
import { beginSession, connect, keys, postStateless, startServer, type TestServer } from "../support/server.ts";

const another = "key-of-another-client-that-may-ask-people";
const watcher = "key-of-a-client-that-may-see-everything!!";
const MCP_API_KEYS = JSON.stringify({
  [keys.all]: { name: "ci", permissions: ["send_approval_request", "get_telegram_responses"], enabled: true },
  [another]: { name: "another", permissions: ["send_approval_request"], enabled: true },
  [watcher]: { name: "watcher", permissions: ["send_approval_request", "read_all_approvals"], enabled: true },
  [keys.nothing]: { name: "guest", permissions: [], enabled: true },
});

/** Rounds of a length that a test can wait for. */
const quick = approvalRequestTool({ roundMs: 300 });
const withQuickRounds = { ...features, tools: new Map([...features.tools, [quick.name, quick]]) };

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge;
let server: TestServer;

beforeEach(async () => {
  telegram = await startTelegram({ tokens: [TOKEN] });
  directory = await scratch();
  const updates = { mode: "Polling", pollSeconds: 5 } as const;
  const options = { hmac: { secret }, telegram: { updates, messagesPerChatPerSecond: 30 } };
  bridge = await bridgeFor(configFor(directory.path, telegram.url, options));
  telegram.control({ limits: false });
  await until("Telegram's answer", () => bridge.status().telegram.reachable);
  server = await startServer(bridge.url, { MCP_API_KEYS, MCP_RATE_LIMIT_REQUESTS: "100000" }, withQuickRounds);
});

afterEach(async () => {
  await server.close();
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

const question = { title: "Deploy to production?", description: "Version 2.1.0" };
const call = (args: object) => ({ name: "send_approval_request", arguments: { ...question, ...args } });
const asked = () => until("the question", () => questions(telegram).length > 0);
const approved = { state: "decided", decision: { action: "approve", option: "Approve" } };
const rest = async (path: string, key: string = keys.all, method = "GET") => {
  const response = await server.fetch(path, { key, method });
  return { status: response.status, body: (await response.json()) as Approval };
};

describe("a client waits for a decision", () => {
  test("on the open call, with progress, in the handshake era", async () => {
    const client = await connect(server.url, keys.all);
    const progress: (string | undefined)[] = [];
    const result = client.callTool(call({ wait_seconds: 20 }), undefined, {
      onprogress: ({ message }) => progress.push(message),
    });
    await asked();
    await press(telegram, ANNA, 0);
    const { structuredContent } = await result;
    expect(structuredContent).toMatchObject({ success: true, approval: approved });
    expect(structuredContent).toMatchObject({ message: expect.stringMatching(/Decision: Approve, by @anna\.$/) });
    expect(progress).toContain("Waiting for a decision on Telegram");
    await client.close();
  });

  test("on the open call without progress: what comes is a stream, which proxies do not take for dead", async () => {
    const session = await beginSession(server, keys.all);
    const answer = await session.post({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: call({ wait_seconds: 20 }),
    });
    // The headers are there while nobody has decided.
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    await asked();
    // A call that waits uses no CPU: this is what servers are scaled by.
    expect(await server.metric("mcp_calls_in_flight")).toBe("1");
    await press(telegram, ANNA, 0);
    expect(await answer.text()).toContain("Decision: Approve, by @anna.");
    expect(await server.metric("mcp_calls_in_flight")).toBe("0");
  });

  test("in rounds: a client of MCP 2026-07-28 comes again by itself, and asks once", async () => {
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    const requestInit = { headers: { authorization: `Bearer ${keys.all}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }));
    const result = client.callTool(call({ wait_seconds: 20 }));
    const rounds = () => server.metric('mcp_tool_calls_total{tool="send_approval_request",outcome="input_required"}');
    await vi.waitUntil(async () => Number((await rounds()) ?? 0) >= 2);
    await press(telegram, ANNA, 0);
    expect((await result).structuredContent).toMatchObject({ approval: approved });
    expect(questions(telegram)).toHaveLength(1);
    await client.close();
  });

  test("by a task", async () => {
    const extensions = { "io.modelcontextprotocol/tasks": {} };
    const _meta = { "io.modelcontextprotocol/clientCapabilities": { extensions } };
    const ask = async (method: string, params: Record<string, unknown>) => {
      const headers = typeof params.taskId === "string" ? { "mcp-name": params.taskId } : {};
      const response = await postStateless(server, keys.all, { method, params: { ...params, _meta } }, headers);
      return ((await response.json()) as { result: { taskId: string; status: string; result: object } }).result;
    };
    const { taskId, status } = await ask("tools/call", call({ wait_seconds: 60 }));
    expect(status).toBe("working");
    await asked();
    await press(telegram, ANNA, 0);
    const done = await vi.waitUntil(async () => {
      const task = await ask("tasks/get", { taskId });
      return task.status === "completed" ? task : undefined;
    });
    expect(done.result).toMatchObject({ structuredContent: { approval: approved } });
  });

  test("by a subscription: told of the change, it reads the decision", async () => {
    const client = await connect(server.url, keys.all);
    const { structuredContent } = await client.callTool(call({}));
    const { approval_id } = structuredContent as { approval_id: string };
    const uri = `cctelegram://approvals/${approval_id}`;
    const read = async () => {
      const [content] = (await client.readResource({ uri })).contents;
      return JSON.parse(content && "text" in content ? content.text : "{}") as Approval;
    };
    expect(await read()).toMatchObject({ state: "pending", approval_id });
    const { ResourceUpdatedNotificationSchema } = await import("@modelcontextprotocol/sdk/types.js");
    const told = new Promise((resolve) => client.setNotificationHandler(ResourceUpdatedNotificationSchema, resolve));
    await client.subscribeResource({ uri });
    await asked();
    await press(telegram, ANNA, 0);
    expect(await told).toMatchObject({ params: { uri } });
    expect(await read()).toMatchObject(approved);
    await client.close();
  });

  test("by listening, in the stateless era", async () => {
    const { body: _body, ...created } = await askedByRest();
    const uri = `cctelegram://approvals/${created.id}`;
    const params = { notifications: { resourceSubscriptions: [uri] } };
    const listening = await postStateless(server, keys.all, { method: "subscriptions/listen", params });
    const reader = listening.body!.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    const hears = async (words: string) => {
      while (!heard.includes(words)) heard += (await reader.read()).value ?? "";
    };
    await hears("acknowledged");
    await asked();
    await press(telegram, ANNA, 0);
    await hears("notifications/resources/updated");
    expect(heard).toContain(uri);
    await reader.cancel();
  });

  test("by REST: a long poll ends with the decision, or with the time", async () => {
    const { id } = await askedByRest();
    expect(await rest(`/approvals/${id}?wait=0.2`)).toMatchObject({ status: 200, body: { state: "pending" } });
    const polled = rest(`/approvals/${id}?wait=30`);
    await asked();
    await press(telegram, ANNA, 0);
    expect(await polled).toMatchObject({ status: 200, body: approved });
    expect(await rest(`/approvals/${id}?wait=30`)).toMatchObject({ body: approved });
  });

  test("by the polling tools, in co8/cctelegram's words", async () => {
    const { id } = await askedByRest({ task_id: "deploy 7" });
    await asked();
    await press(telegram, ANNA, 0);
    const responses = await vi.waitUntil(async () => {
      const answer = await server.fetch("/tools/get_telegram_responses", { key: keys.all });
      const { responses: all } = (await answer.json()) as { responses: object[] };
      return all.length > 0 && all;
    });
    expect(id).toBe("deploy 7");
    expect(responses).toMatchObject([
      { callback_data: "approve_deploy 7", user_id: 1, response_type: "callback_query" },
    ]);
  });

  test("again with the same task_id: nothing is sent again, and the decision is told", async () => {
    await askedByRest({ task_id: "d1" });
    await asked();
    await press(telegram, ANNA, 1);
    await until("the decision", () => bridge.approvals.approval("d1", "ci").state === "decided");
    const { body } = await askedByRest({ task_id: "d1", wait_seconds: 30 });
    expect(body).toMatchObject({ approval_id: "d1", approval: { decision: { action: "deny" } } });
    expect(questions(telegram)).toHaveLength(1);
  });

  test("whoever goes away waits no longer: neither by the tool nor by the long poll", async () => {
    const gone = new AbortController();
    const json = { ...question, task_id: "gone", wait_seconds: 600 };
    const headers = { "x-api-key": keys.all, "content-type": "application/json" };
    const body = JSON.stringify(json);
    const url = `${server.url}/tools/send_approval_request`;
    const call = fetch(url, { method: "POST", headers, body, signal: gone.signal }).catch(() => "gone");
    await asked();
    gone.abort();
    expect(await call).toBe("gone");
    await vi.waitUntil(() =>
      server.log.some(({ msg, tool }) => msg === "tool called" && tool === "send_approval_request"),
    );
  });

  test("a server that ends lets nobody wait: it tells how it is now", async () => {
    const { id } = await askedByRest();
    const polled = rest(`/approvals/${id}?wait=60`);
    await vi.waitUntil(() => server.logText().includes(id));
    server.drain();
    expect(await polled).toMatchObject({ status: 200, body: { state: "pending" } });
  });
});

describe("nobody else sees it", () => {
  test("another key gets 404, as for what does not exist; one with the permission sees it, and it alone lists all", async () => {
    const { id } = await askedByRest();
    const missing = await rest(`/approvals/${id}?wait=30`, another);
    expect(missing).toMatchObject({ status: 404, body: { code: "APPROVAL_NOT_FOUND" } });
    const { message } = missing.body as unknown as { message: string };
    expect((await rest("/approvals/no-such-thing", another)).body).toMatchObject({ message });
    expect(await rest(`/approvals/${id}`, another, "DELETE")).toMatchObject({ status: 404 });
    expect(await rest(`/approvals/${id}`, watcher)).toMatchObject({ status: 200, body: { state: "pending" } });
    const records = auditOf(server.log).filter(({ decision }) => decision.startsWith("approval_"));
    expect(records.slice(-2)).toMatchObject([
      { decision: "approval_withdrawal", outcome: "refused", code: "APPROVAL_NOT_FOUND", client: expect.any(String) },
      { decision: "approval_read", outcome: "done", approval_id: id, duration_ms: expect.any(Number) },
    ]);
    expect(await rest(`/approvals/${id}`, watcher, "DELETE")).toMatchObject({ status: 404 });
    expect(await rest("/approvals", another)).toMatchObject({ status: 200, body: { approvals: [] } });
    expect(await rest("/approvals?all=true", another)).toMatchObject({ status: 403 });
    expect(await rest("/approvals?all=true", watcher)).toMatchObject({ body: { approvals: [{ approval_id: id }] } });
    expect(await rest("/approvals?state=pending")).toMatchObject({ body: { approvals: [{ approval_id: id }] } });
    const session = await beginSession(server, another);
    const uri = `cctelegram://approvals/${id}`;
    const answer = await session.post({ jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri } });
    expect(await answer.json()).toMatchObject({ error: { data: { code: "RESOURCE_NOT_FOUND" } } });
  });

  test("the same id of another client is another approval, with other buttons", async () => {
    await askedByRest({ task_id: "d1" });
    const json = { ...question, description: "Something else", task_id: "d1" };
    const answer = await server.fetch("/tools/send_approval_request", { key: another, json });
    expect(answer.status).toBe(200);
    await until("both questions", () => questions(telegram).length === 2);
    const [, { chat_id, message_id, data } = { chat_id: 0, message_id: 0, data: [] }] = questions(telegram);
    telegram.control({ presses: [{ from: ANNA, chat_id, message_id, data: data[1] ?? "" }] });
    await vi.waitUntil(async () => (await rest("/approvals/d1", another)).body.state === "decided");
    expect((await rest("/approvals/d1")).body).toMatchObject({ state: "pending", votes: [] });
  });

  test("without a key, or without the permission, nothing", async () => {
    const { id } = await askedByRest();
    expect((await fetch(`${server.url}/approvals/${id}`)).status).toBe(401);
    expect(await rest(`/approvals/${id}`, keys.nothing)).toMatchObject({
      status: 403,
      body: { code: "UNAUTHORIZED_TOOL" },
    });
    expect(server.log.some(({ event }) => event === "authorization_failure")).toBe(true);
  });

  test("what is taken back is told to whoever waits", async () => {
    const { id } = await askedByRest();
    const polled = rest(`/approvals/${id}?wait=30`);
    await rest(`/approvals/${id}`, keys.all, "DELETE");
    expect(await polled).toMatchObject({ body: { state: "withdrawn" } });
  });
});

describe("bad input is told with what to do, and asks nobody", () => {
  test.each([
    ["one option", { options: ["Yes"] }, /options/],
    ["eleven options", { options: Array.from({ length: 11 }, (_, index) => `Option ${index}`) }, /options/],
    ["a stranger as approver", { approvers: [66] }, /approvers: 66 may not talk to the bot/],
    ["no time", { timeout_minutes: 0 }, /timeout_minutes/],
    ["a text that is too long", { description: "x".repeat(8_001) }, /description/],
  ])("%s", async (_name, args, words) => {
    const answer = await server.fetch("/tools/send_approval_request", {
      key: keys.all,
      json: { ...question, ...args },
    });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toMatch(words);
    expect(bridge.approvals.list({ limit: 10 })).toEqual([]);
  });
});

async function askedByRest(args: object = {}): Promise<{ id: string; body: object }> {
  const answer = await server.fetch("/tools/send_approval_request", { key: keys.all, json: { ...question, ...args } });
  const body = (await answer.json()) as { approval_id: string };
  expect(answer.status, JSON.stringify(body)).toBe(200);
  return { id: body.approval_id, body };
}
