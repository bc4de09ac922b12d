import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";

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

const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
const response = { jsonrpc: "2.0", id: "x", result: {} };

test.each(["1999-01-01", "2027-01-01", "", "latest"])(
  "MCP-Protocol-Version %j is refused for everything that a session sends",
  async (version) => {
    const { id, post } = await beginSession(server, keys.all);
    const headers = { "mcp-protocol-version": version };
    for (const message of [ping, notification, response, [ping]]) {
      expect((await post(message, headers)).status).toBe(400);
    }
    const own = { ...headers, "mcp-session-id": id };
    const listen = { key: keys.all, headers: { ...own, accept: "text/event-stream" } };
    expect((await server.fetch("/mcp", listen)).status).toBe(400);
    expect((await server.fetch("/mcp", { method: "DELETE", key: keys.all, headers: own })).status).toBe(400);
    expect((await post(ping)).status).toBe(200);
  },
);

test("every revision with sessions is served by its own name, and without one", async () => {
  for (const version of ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]) {
    const { post } = await beginSession(server, keys.all, version);
    expect((await post(ping, { "mcp-protocol-version": version })).status).toBe(200);
    expect((await post(notification, { "mcp-protocol-version": version })).status).toBe(202);
    expect((await post(response, { "mcp-protocol-version": version })).status).toBe(202);
    expect((await post(ping)).status).toBe(200);
  }
});

test("a notification of MCP 2026-07-28 is accepted without an answer", async () => {
  const headers = { "mcp-protocol-version": "2026-07-28" };
  const accepted = await server.fetch("/mcp", { key: keys.all, json: notification, headers });
  expect(accepted.status).toBe(202);
  expect(await accepted.text()).toBe("");
});
