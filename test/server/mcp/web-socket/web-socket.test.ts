import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type FakeBridge, startFakeBridge } from "../../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../../support/server.ts";
import { session, stateless, talk, WebSocketTransport, webSocketUrl } from "../../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, {
    MCP_RATE_LIMIT_REQUESTS: "100000",
    MCP_PROXY_PORT: "0",
    MCP_EXTERNAL_PORT: "0",
    MCP_BASE_PATH: "/telegram",
  });
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const key = keys.all;
const open = async () => Number(await server.metric('mcp_open_streams{transport="websocket"}'));

describe("MCP over WebSocket", () => {
  test("a client of the SDK lists and calls tools", async () => {
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new WebSocketTransport(webSocketUrl(server.url), key));
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("send_telegram_message");
    await client.callTool({ name: "send_telegram_message", arguments: { message: "over a WebSocket" } });
    expect(bridge.events.at(-1)).toMatchObject({ description: "over a WebSocket", client: "admin" });
    const line = server.log.findLast(({ msg }) => msg === "tool called");
    expect(line).toMatchObject({ tool: "send_telegram_message", client: "admin", request_id: expect.any(String) });
    await client.close();
  });

  test("the server answers with the sub-protocol, and counts and logs the connection", async () => {
    await vi.waitFor(async () => expect(await open()).toBe(0));
    const { socket, closed } = await session(server.url, { key });
    expect(socket.protocol).toBe("mcp");
    expect(await open()).toBe(1);
    socket.close(1000);
    await closed;
    await vi.waitFor(async () => expect(await open()).toBe(0));
    expect(server.log.find(({ msg }) => msg === "websocket opened")).toMatchObject({ level: "debug", client: "admin" });
    expect(server.log.findLast(({ msg }) => msg === "websocket closed")).toMatchObject({ code: 1000, messages: 2 });
  });

  test("the session is one with the connection: without initialize there is none, but ping is answered", async () => {
    const { ask, socket } = await talk(server.url, { key });
    expect(await ask("ping")).toMatchObject({ result: {} });
    expect(await ask("tools/list")).toMatchObject({ error: { code: -32600 } });
    expect(
      await ask("initialize", {
        protocolVersion: "2025-06-18",
        capabilities: {},
        clientInfo: { name: "a", version: "1" },
      }),
    ).toMatchObject({ result: { protocolVersion: "2025-06-18" } });
    expect(await ask("tools/list")).toMatchObject({ result: { tools: expect.any(Array) } });
    socket.terminate();
  });

  test("requests of 2026-07-28 need nothing before them, and no headers", async () => {
    const { ask, socket } = await talk(server.url, { key });
    expect(await ask("server/discover", stateless())).toMatchObject({ result: { resultType: "complete" } });
    const call = stateless({ name: "send_telegram_message", arguments: { message: "stateless" } });
    expect(await ask("tools/call", call)).toMatchObject({ result: { structuredContent: { success: true } } });
    socket.terminate();
  });

  test("both eras work on one connection", async () => {
    const { ask, socket } = await session(server.url, { key });
    expect(await ask("tools/list", stateless())).toMatchObject({ result: { resultType: "complete" } });
    expect((await ask("tools/list")).result).not.toHaveProperty("resultType");
    socket.terminate();
  });

  test.each(["/mcp", "/mcp/", "/telegram/mcp", "/telegram/mcp/"])("answers at %s", async (path) => {
    const { ask, socket } = await talk(server.url, { key, path });
    expect(await ask("ping")).toMatchObject({ result: {} });
    socket.terminate();
  });

  test("answers on every port, with the address that the proxy reports", async () => {
    const headers = { "x-forwarded-for": "192.0.2.7" };
    const proxied = await talk(server.proxiedUrl, { key, headers });
    expect(server.log.findLast(({ msg }) => msg === "websocket opened")).toMatchObject({ client_ip: "192.0.2.7" });
    const external = await talk(server.externalUrl, { key, headers });
    expect(server.log.findLast(({ msg }) => msg === "websocket opened")).toMatchObject({ client_ip: "127.0.0.1" });
    for (const { socket, ask } of [proxied, external]) {
      expect(await ask("ping")).toMatchObject({ result: {} });
      socket.terminate();
    }
  });

  test.each(["/", "/nothing", "/mcp/more", "/health/live", "/tools"])(
    "%s is no WebSocket, and says so",
    async (path) => {
      const response = await talk(server.url, { key, path }).catch((error) => error);
      expect([200, 404]).toContain(response.status);
    },
  );

  test("a request that names another protocol is answered as if it did not", async () => {
    const { request } = await import("node:http");
    const status = await new Promise((resolve, reject) => {
      const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };
      const sent = request(`${server.url}/health`, { headers }, (response) => resolve(response.resume().statusCode));
      sent.on("error", reject).end();
    });
    expect(status).toBe(200);
  });
});
