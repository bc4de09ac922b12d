import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, postStateless, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

type Call = Parameters<typeof postStateless>[2];

const ask = (call: Call, headers?: Record<string, string>) => postStateless(server, keys.all, call, headers);

async function answerTo(call: Call, headers?: Record<string, string>) {
  const response = await ask(call, headers);
  return { status: response.status, ...((await response.json()) as { id?: unknown; result?: object; error?: object }) };
}

const serverInfo = expect.objectContaining({ name: "cctelegram-mcp-server", version: "0.1.0", title: "CCTelegram" });

describe("MCP 2026-07-28 over streamable HTTP", () => {
  test("server/discover tells versions, capabilities and who it is", async () => {
    expect(await answerTo({ method: "server/discover" })).toMatchObject({
      status: 200,
      result: {
        resultType: "complete",
        supportedVersions: ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
        capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} },
        ttlMs: expect.any(Number),
        cacheScope: "public",
        _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
      },
    });
  });

  test("a tool is called with nothing before it", async () => {
    const params = { name: "send_telegram_message", arguments: { message: "hello" } };
    expect(await answerTo({ method: "tools/call", params })).toMatchObject({
      status: 200,
      id: 1,
      result: { resultType: "complete", structuredContent: { success: true } },
    });
    expect(bridge.events.at(-1)).toMatchObject({ description: "hello", client: "admin" });
  });

  test.each(["tools/list", "resources/list", "resources/templates/list", "prompts/list", "server/discover"])(
    "%s says for how long and for whom it stays right",
    async (method) => {
      const { result } = await answerTo({ method });
      expect(result).toMatchObject({ resultType: "complete", ttlMs: expect.any(Number) });
      expect(["public", "private"]).toContain((result as { cacheScope: string }).cacheScope);
    },
  );

  test.each(["initialize", "ping", "logging/setLevel", "resources/subscribe", "nonsense", "constructor", "toString"])(
    "%s is not there: 404 and -32601",
    async (method) => {
      expect(await answerTo({ method })).toMatchObject({ status: 404, id: 1, error: { code: -32601 } });
    },
  );

  test("a failing tool is a result of this revision", async () => {
    const params = { name: "send_telegram_message", arguments: { message: "" } };
    expect(await answerTo({ method: "tools/call", params })).toMatchObject({
      status: 200,
      result: { resultType: "complete", isError: true },
    });
  });

  test("an unknown tool, resource or prompt is an error of the protocol that HTTP does not tell", async () => {
    for (const call of [
      { method: "tools/call", params: { name: "launch_rocket" } },
      { method: "resources/read", params: { uri: "cctelegram://nothing" } },
      { method: "prompts/get", params: { name: "nothing" } },
    ]) {
      expect(await answerTo(call)).toMatchObject({ status: 200, error: { code: -32602 } });
    }
  });

  test("without its version or the client's capabilities a request is malformed", async () => {
    for (const key of ["protocolVersion", "clientCapabilities"]) {
      const params = { _meta: { [`io.modelcontextprotocol/${key}`]: undefined } };
      const answer = await answerTo({ method: "tools/list", params });
      expect(answer).toMatchObject({ status: 400, error: { code: -32602, message: expect.stringContaining(key) } });
    }
  });

  test("a version that the server does not speak is told with those that it does", async () => {
    const params = { _meta: { "io.modelcontextprotocol/protocolVersion": "1900-01-01" } };
    expect(await answerTo({ method: "tools/list", params }, { "mcp-protocol-version": "1900-01-01" })).toMatchObject({
      status: 400,
      error: {
        code: -32022,
        data: { requested: "1900-01-01", supported: expect.arrayContaining(["2026-07-28", "2025-11-25"]) },
      },
    });
  });

  test("has no sessions: an id is ignored, and none is given", async () => {
    const { id } = await beginSession(server, keys.messages);
    for (const shown of [id, "unknown"]) {
      const response = await ask({ method: "tools/list" }, { "mcp-session-id": shown });
      expect(response.status).toBe(200);
      expect(response.headers.get("mcp-session-id")).toBeNull();
    }
  });

  describe("headers that repeat the body", () => {
    const call = { method: "tools/call", params: { name: "get_bridge_status" } };
    const mismatch = { status: 400, id: 1, error: { code: -32020 } };

    test.each([
      ["mcp-protocol-version", "2025-11-25"],
      ["mcp-method", "tools/list"],
      ["mcp-method", "TOOLS/CALL"],
      ["mcp-name", "send_telegram_message"],
      ["mcp-name", "=?base64?not base64?="],
      ["mcp-name", `=?base64?${btoa("another")}?=`],
    ])("%s: %s does not fit", async (header, value) => {
      expect(await answerTo(call, { [header]: value })).toMatchObject(mismatch);
    });

    test("may be encoded", async () => {
      const answer = await answerTo(call, { "mcp-name": `=?base64?${btoa("get_bridge_status")}?=` });
      expect(answer).toMatchObject({ status: 200 });
    });

    test.each(["mcp-protocol-version", "mcp-method", "mcp-name"])("%s is required", async (header) => {
      const { "mcp-method": method, ...rest } = { "mcp-method": "tools/call", "mcp-name": "get_bridge_status" };
      const all: Record<string, string> = { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...rest };
      delete all[header];
      const _meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      };
      const json = { jsonrpc: "2.0", id: 1, ...call, params: { ...call.params, _meta } };
      const response = await server.fetch("/mcp", { key: keys.all, json, headers: all });
      expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject(mismatch);
    });
  });
});

describe("subscriptions/listen", () => {
  const uri = "cctelegram://bridge-status";
  const listen = (resourceSubscriptions: string[], key: string = keys.all, headers?: Record<string, string>) => {
    const params = { notifications: { resourceSubscriptions, toolsListChanged: true } };
    return postStateless(server, key, { method: "subscriptions/listen", id: "listen-1", params }, headers);
  };
  const subscriptionId = { "io.modelcontextprotocol/subscriptionId": "listen-1" };

  /** The messages of a stream of events, one after the other. */
  async function* messagesOf({ body }: Response) {
    let text = "";
    for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const [, data] = /^data: (.*)$/m.exec(event) ?? [];
        if (data !== undefined) yield JSON.parse(data);
      }
    }
  }

  const eventsOf = (response: Response) => {
    const messages = messagesOf(response);
    return { next: async () => (await messages.next()).value, cancel: () => messages.return() };
  };

  test("acknowledges what it honours, and then tells of changes with the subscription's id", async () => {
    const events = eventsOf(await listen([uri, "cctelegram://nothing"]));
    expect(await events.next()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { _meta: subscriptionId, notifications: { resourceSubscriptions: [uri] } },
    });
    await bridge.relay.publish({ topic: "status", text: "{}" });
    expect(await events.next()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/resources/updated",
      params: { _meta: subscriptionId, uri },
    });
    await events.cancel();
  });

  test("honours nothing that the client may not read", async () => {
    const events = eventsOf(await listen([uri], keys.nothing));
    expect((await events.next()).params.notifications).toEqual({});
    await events.cancel();
  });

  test("is cancelled, and ends with an answer, when the server stops", async () => {
    const stopping = await startServer(bridge.url);
    const params = { notifications: { resourceSubscriptions: [uri] } };
    const call = { method: "subscriptions/listen", id: "listen-1", params };
    const events = eventsOf(await postStateless(stopping, keys.all, call));
    await events.next();
    const closed = stopping.close();
    expect(await events.next()).toMatchObject({
      method: "notifications/cancelled",
      params: { _meta: subscriptionId, requestId: "listen-1" },
    });
    expect(await events.next()).toMatchObject({
      id: "listen-1",
      result: { resultType: "complete", _meta: subscriptionId },
    });
    await closed;
  });

  test("needs a client that takes streams", async () => {
    const response = await listen([uri], keys.all, { accept: "application/json" });
    expect(await response.json()).toMatchObject({
      id: "listen-1",
      error: { message: expect.stringContaining("event-stream") },
    });
  });
});
