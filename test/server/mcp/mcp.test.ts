import type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tools as registry } from "../../../server/tools/registry.ts";
import { type FakeBridge, startFakeBridge, threeTriesMs } from "../support/fake-bridge.ts";
import { beginSession, connect, keys, startServer, type TestServer } from "../support/server.ts";

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
  session = await beginSession(server, keys.messages);
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

let session: Awaited<ReturnType<typeof beginSession>>;
const post = (json: unknown, headers: Record<string, string> = {}) => session.post(json, headers);

/** What a client with a login in the browser brings, before anybody has logged in. */
const loginOfNobody: OAuthClientProvider = {
  redirectUrl: "http://localhost:1/callback",
  clientMetadata: { redirect_uris: ["http://localhost:1/callback"] },
  clientInformation: () => undefined,
  saveClientInformation: () => {},
  tokens: () => undefined,
  saveTokens: () => {},
  redirectToAuthorization: () => {},
  saveCodeVerifier: () => {},
  codeVerifier: () => "",
};

describe("MCP over streamable HTTP", () => {
  test("introduces itself, with what its methods are for and nothing that it does not have", () => {
    expect(admin.getServerVersion()).toMatchObject({ name: "cctelegram-mcp-server", version: "0.1.0" });
    expect(admin.getServerCapabilities()).toEqual({
      completions: {},
      logging: {},
      prompts: {},
      resources: { subscribe: true },
      tools: {},
    });
    expect(admin.getInstructions()).toContain("phone");
  });

  test("lists what the key permits, always in the same order", async () => {
    const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);
    expect(await names(admin)).toEqual([...registry.keys()]);
    expect(await names(claude)).toEqual(["send_telegram_message", "get_bridge_status"]);
    const guest = await connect(server.url, keys.nothing);
    expect(await names(guest)).toEqual([]);
    await guest.close();
  });

  test("describes each tool with title, schemas and annotations", async () => {
    const writing =
      /^(send|clear|start|stop|restart|ensure|switch|register|lift|retry|drop|edit|pair)_|^(reply|react)$/;
    for (const tool of (await admin.listTools()).tools) {
      expect(tool).toMatchObject({
        title: expect.any(String),
        description: expect.any(String),
        inputSchema: { type: "object" },
        annotations: { readOnlyHint: !writing.test(tool.name) },
      });
      // What they show is Markdown, and files.
      if (["todo", "download_attachment"].includes(tool.name)) expect(tool.outputSchema).toBeUndefined();
      else expect(tool.outputSchema).toMatchObject({ type: "object", required: expect.any(Array) });
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
    const result = await call(claude, "send_telegram_message", { message: "x".repeat(16_001), source: "a b" });
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({
      error: true,
      code: "VALIDATION_ERROR",
      message: expect.stringMatching(/message: .*16000.*source: /),
      metadata: { fields: [{ field: "message" }, { field: "source" }] },
    });
  });

  test("an unknown tool is a protocol error", async () => {
    await expect(call(claude, "launch_rocket")).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("Unknown tool"),
    });
  });

  test("a forbidden tool is a result that the model can read, and a security event", async () => {
    const before = Number(await server.metric('security_events_total{event="authorization_failure"}'));
    const result = await call(claude, "send_telegram_event", {});
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({ error: true, code: "UNAUTHORIZED_TOOL" });
    expect(Number(await server.metric('security_events_total{event="authorization_failure"}'))).toBe(before + 1);
  });

  test("a message that is too large is told to the model, and the session goes on", async () => {
    const large = { message: "x".repeat(300_000) };
    const result = await call(claude, "send_telegram_message", large);
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect((await call(claude, "get_bridge_status")).isError).toBeUndefined();
    const params = { name: "send_telegram_message", arguments: { ...large, id: 8 } };
    for (const message of [
      { jsonrpc: "2.0", id: "first", method: "tools/call", params },
      { method: "tools/call", params, id: "first", jsonrpc: "2.0" },
    ]) {
      const response = await post(message);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ id: "first", result: { isError: true } });
    }
    expect((await post({ message: "x".repeat(300_000) })).status).toBe(413);
  });

  test("no error of a tool ends the session", async () => {
    for (const [name, args] of [
      ["send_telegram_event", {}],
      ["send_telegram_message", { message: "" }],
      ["launch_rocket", {}],
      ["send_telegram_message", { message: "x", source: { deep: JSON.parse("[".repeat(99) + "]".repeat(99)) } }],
    ] as const) {
      const answer = await call(claude, name, args).catch((error) => error);
      expect(answer.isError === true || answer.code === -32602).toBe(true);
    }
    expect((await call(claude, "send_telegram_message", { message: "still here" })).isError).toBeUndefined();
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
    ["what is no JSON-RPC", { hello: "world" }, 400, -32600],
    ["null", null, 400, -32600],
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

  test.each([
    "*/*",
    "application/json",
    "Application/JSON, Text/Event-Stream",
    "application/*, text/*",
    "application/json;q=0.5, text/html",
    "text/html, image/gif, *; q=.2, */*; q=.2",
    "",
  ])("a client with Accept %j is served", async (accept) => {
    const response = await post({ jsonrpc: "2.0", id: 7, method: "ping" }, { accept });
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.json()).toEqual({ jsonrpc: "2.0", id: 7, result: {} });
  });

  test.each(["text/event-stream", "*/*, application/json;q=0"])(
    "a client with Accept %j gets the answer as an event",
    async (accept) => {
      const response = await post({ jsonrpc: "2.0", id: 7, method: "ping" }, { accept });
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      expect(await response.text()).toBe('event: message\ndata: {"jsonrpc":"2.0","id":7,"result":{}}\n\n');
    },
  );

  test.each(["text/html", "application/json;q=0", "*/*;q=0"])(
    "a client with Accept %j is told what there is",
    async (accept) => {
      const response = await post({ jsonrpc: "2.0", id: 7, method: "ping" }, { accept });
      expect(response.status).toBe(406);
      expect(await response.text()).toContain("application/json or text/event-stream");
    },
  );

  test("a batch of revision 2025-03-26 is answered message by message; notifications are not", async () => {
    const { post } = await beginSession(server, keys.messages, "2025-03-26");
    const response = await post([
      { jsonrpc: "2.0", id: 1, method: "ping" },
      { jsonrpc: "2.0", method: "notifications/x" },
      { jsonrpc: "2.0", id: "b", method: "tools/call", params: { name: "send_telegram_event", arguments: {} } },
      { jsonrpc: "2.0", id: 3, method: "initialize", params: {} },
      "nonsense",
    ]);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual([
      { jsonrpc: "2.0", id: 1, result: {} },
      expect.objectContaining({ id: "b", result: expect.objectContaining({ isError: true }) }),
      expect.objectContaining({ id: 3, error: expect.objectContaining({ code: -32600 }) }),
      expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32600 }) }),
    ]);
    expect((await post([{ jsonrpc: "2.0", method: "notifications/x" }])).status).toBe(202);
    for (const [size, status] of [
      [0, 400],
      [20, 200],
      [21, 400],
    ] as const) {
      const batch = Array.from({ length: size }, (_, id) => ({ jsonrpc: "2.0", id, method: "ping" }));
      expect((await post(batch)).status).toBe(status);
    }
  });

  test("a batch of another revision, or of no session, is refused with its reason", async () => {
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const { post } = await beginSession(server, keys.messages, "2025-06-18");
    const response = await post([ping]);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("MCP 2025-06-18 has no batches; send one message a request");
    const homeless = await server.fetch("/mcp", { key: keys.messages, json: [ping] });
    expect(homeless.status).toBe(400);
  });

  test("each message of a batch counts for the rate limit", async () => {
    const strict = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "4" });
    const { post } = await beginSession(strict, keys.all, "2025-03-26");
    const response = await post([1, 2, 3, 4, 5].map((id) => ({ jsonrpc: "2.0", id, method: "ping" })));
    expect(response.status).toBe(200);
    const answers = (await response.json()) as { id: number; error?: { code: number } }[];
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, undefined],
      [4, 429],
      [5, 429],
    ]);
    await strict.close();
  });

  test("a client that looks for a login shows the message about the key", async () => {
    const client = new Client({ name: "test-client", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
      authProvider: loginOfNobody,
      requestInit: { headers: { "x-api-key": "wrong-key-of-some-length" } },
    });
    await expect(client.connect(transport as Parameters<Client["connect"]>[0])).rejects.toThrow(
      /API keys.*X-API-Key: KEY/,
    );
  });

  test("a client with the slash at the end is served", async () => {
    const client = await connect(server.url, keys.messages, "/mcp/");
    expect((await client.listTools()).tools).toHaveLength(2);
    await client.close();
  });

  test("a page of another origin is refused, an allowed one is not", async () => {
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const foreign = await post(ping, { origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expect(await foreign.json()).toMatchObject({ error: { data: { code: "FORBIDDEN_ORIGIN" } } });
    expect((await post(ping, { origin: server.url })).status).toBe(200);
  });

  test("a call's lines in the log have the trace that it belongs to", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const call = (traceparent: unknown) =>
      claude.callTool({ name: "get_bridge_status", _meta: { traceparent } } as Parameters<Client["callTool"]>[0]);
    await call(`00-${trace}-b7ad6b7169203331-01`);
    const line = server.log.findLast(({ msg }) => msg === "tool called");
    expect(line).toMatchObject({ trace_id: trace, parent_span_id: "b7ad6b7169203331", client: "claude" });
    for (const wrong of [`00-${"0".repeat(32)}-b7ad6b7169203331-01`, `00-${trace}"-x`, trace, 7, null]) {
      await call(wrong);
      expect(server.log.findLast(({ msg }) => msg === "tool called")).not.toHaveProperty("trace_id");
    }
  });

  test("other methods of /mcp are 405", async () => {
    for (const method of ["PUT", "PATCH", "HEAD", "OPTIONS"]) {
      const response = await server.fetch("/mcp", { method, key: keys.all });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST, GET, DELETE");
    }
  });

  test("a bridge that is gone is a result that says so", async () => {
    const lonely = await startServer("http://127.0.0.1:1", { BRIDGE_TIMEOUT: `${threeTriesMs}` });
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
