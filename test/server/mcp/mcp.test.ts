import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { connect, keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;
let admin: Client;
let claude: Client;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, {
    MCP_RATE_LIMIT_REQUESTS: "1000",
    MCP_ALLOWED_ORIGINS: "https://tools.example",
  });
  admin = await connect(server.url, keys.all);
  claude = await connect(server.url, keys.messages);
});

afterAll(async () => {
  await admin.close();
  await claude.close();
  await server.close();
  await bridge.close();
});

type TextResult = { content: [{ text: string }]; structuredContent?: Record<string, unknown>; isError?: boolean };

const call = async (client: Client, name: string, args?: Record<string, unknown>): Promise<TextResult> =>
  (await client.callTool({ name, ...(args && { arguments: args }) })) as unknown as TextResult;

const post = (json: unknown, headers: Record<string, string> = {}) =>
  server.fetch("/mcp", {
    key: keys.messages,
    json,
    headers: { accept: "application/json, text/event-stream", ...headers },
  });

describe("MCP over streamable HTTP", () => {
  test("introduces itself, with tools and nothing that it does not have", () => {
    expect(admin.getServerVersion()).toMatchObject({ name: "cctelegram-mcp-server", version: "0.1.0" });
    expect(admin.getServerCapabilities()).toEqual({ tools: {} });
  });

  test("lists what the key permits, always in the same order", async () => {
    const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);
    expect(await names(admin)).toEqual([
      "send_telegram_event",
      "send_telegram_message",
      "send_performance_alert",
      "get_bridge_status",
    ]);
    expect(await names(claude)).toEqual(["send_telegram_message", "get_bridge_status"]);
    const guest = await connect(server.url, keys.nothing);
    expect(await names(guest)).toEqual([]);
    await guest.close();
  });

  test("describes each tool with title, schemas and annotations", async () => {
    for (const tool of (await admin.listTools()).tools) {
      expect(tool).toMatchObject({
        title: expect.any(String),
        description: expect.any(String),
        inputSchema: { type: "object" },
        outputSchema: { type: "object", required: expect.any(Array) },
        annotations: { readOnlyHint: tool.name === "get_bridge_status" },
      });
    }
  });

  test("a tool's result is structured, and the same as text", async () => {
    const result = await call(claude, "send_telegram_message", { message: "Grüße 🎉" });
    const { event_id } = bridge.events.at(-1)!;
    expect(result.structuredContent).toEqual({
      success: true,
      event_id,
      message: `Message sent successfully. Event ID: ${event_id}`,
    });
    expect(result.content[0].text).toBe(JSON.stringify(result.structuredContent, null, 2));
    expect(result.isError).toBeUndefined();
  });

  test("arguments may be left out when none is needed", async () => {
    expect((await call(claude, "get_bridge_status")).structuredContent).toMatchObject({ running: true });
  });

  test("wrong input is a result that the model can read", async () => {
    const result = await call(claude, "send_telegram_message", { message: "x".repeat(4097), source: "a b" });
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({
      error: true,
      code: "VALIDATION_ERROR",
      message: expect.stringMatching(/message: .*4096.*source: /),
      metadata: { fields: [{ field: "message" }, { field: "source" }] },
    });
  });

  test("an unknown tool is a protocol error", async () => {
    await expect(call(claude, "launch_rocket")).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("Unknown tool"),
    });
  });

  test("a forbidden tool is HTTP 403 with a JSON-RPC error", async () => {
    const response = await post({
      jsonrpc: "2.0",
      id: 42,
      method: "tools/call",
      params: { name: "send_telegram_event" },
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      jsonrpc: "2.0",
      id: 42,
      error: { code: -32003, data: { code: "UNAUTHORIZED_TOOL" } },
    });
    await expect(call(claude, "send_telegram_event", {})).rejects.toMatchObject({ code: 403 });
  });

  test("a wrong key is refused before anything is read", async () => {
    await expect(connect(server.url, "wrong-key-of-some-length")).rejects.toThrow(/401|AUTHENTICATION/);
  });

  test("concurrent clients get their own answers", async () => {
    const send = async (index: number) => {
      const result = await call(index % 2 ? admin : claude, "send_telegram_message", { message: `message ${index}` });
      const sent = bridge.events.find(({ event_id }) => event_id === result.structuredContent?.event_id);
      return sent?.description;
    };
    const indices = Array.from({ length: 40 }, (_, index) => index);
    expect(await Promise.all(indices.map(send))).toEqual(indices.map((index) => `message ${index}`));
  });

  test.each([
    ["a batch", [{ jsonrpc: "2.0", id: 1, method: "ping" }], 400, -32600],
    ["what is no JSON-RPC", { hello: "world" }, 400, -32700],
    ["null", null, 400, -32700],
  ])("%s is refused", async (_case, body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ jsonrpc: "2.0", error: { code }, id: null });
  });

  test("invalid JSON and an empty body are parse errors", async () => {
    for (const body of ['{"jsonrpc"', ""]) {
      const headers = { "content-type": "application/json" };
      const response = await server.fetch("/mcp", { method: "POST", key: keys.all, body, headers });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: -32700 } });
    }
  });

  test("a protocol version that nobody knows is refused", async () => {
    const response = await post({ jsonrpc: "2.0", id: 1, method: "ping" }, { "mcp-protocol-version": "1999-01-01" });
    expect(response.status).toBe(400);
  });

  test("a notification is accepted with 202 and no body", async () => {
    const response = await post({ jsonrpc: "2.0", method: "notifications/initialized" });
    expect(response.status).toBe(202);
    expect(await response.text()).toBe("");
  });

  test("a client that accepts anything is served", async () => {
    const response = await post({ jsonrpc: "2.0", id: 7, method: "ping" }, { accept: "*/*" });
    expect(await response.json()).toEqual({ jsonrpc: "2.0", id: 7, result: {} });
    expect((await post({ jsonrpc: "2.0", id: 7, method: "ping" }, { accept: "text/html" })).status).toBe(406);
  });

  test("a page of another origin is refused, an allowed one is not", async () => {
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const foreign = await post(ping, { origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({ error: { data: { code: "FORBIDDEN_ORIGIN" } } });
    expect((await post(ping, { origin: server.url })).status).toBe(200);
  });

  test("there are no sessions and no streams: GET and DELETE are 405", async () => {
    for (const method of ["GET", "DELETE"]) {
      const response = await server.fetch("/mcp", { method, key: keys.all });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST");
    }
  });

  test("a bridge that is gone is a result that says so", async () => {
    const lonely = await startServer("http://127.0.0.1:1", { BRIDGE_TIMEOUT: "100" });
    const client = await connect(lonely.url, keys.all);
    const result = await call(client, "send_telegram_message", { message: "hello" });
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({ error: true, code: "BRIDGE_UNAVAILABLE" });
    const status = await call(client, "get_bridge_status");
    expect(status.isError).toBeUndefined();
    expect(status.structuredContent).toMatchObject({
      running: false,
      health: "unhealthy",
      metrics: { uptime_seconds: 0, events_processed: 0, telegram_messages_sent: 0, error_count: 0 },
    });
    await client.close();
    await lonely.close();
  });
});
