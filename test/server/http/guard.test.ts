import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer | undefined;

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await bridge.close();
});

const limits = { MCP_RATE_LIMIT_REQUESTS: "3", MCP_RATE_LIMIT_WINDOW: "60000", MCP_RATE_LIMIT_BLOCK: "120000" };

describe("rate limit", () => {
  test("refuses a client over its limit with 429 and says when to come again; others go on", async () => {
    server = await startServer(bridge.url, limits);
    const remaining = [];
    for (let count = 0; count < 3; count++) {
      const response = await server.fetch("/tools", { key: keys.all });
      expect(response.status).toBe(200);
      remaining.push(response.headers.get("x-ratelimit-remaining"));
    }
    expect(remaining).toEqual(["2", "1", "0"]);
    const refused = await server.fetch("/tools", { key: keys.all });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("120");
    expect(refused.headers.get("x-ratelimit-limit")).toBe("3");
    expect(await refused.json()).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      message: expect.stringContaining("120 seconds"),
    });
    expect((await server.fetch("/tools", { key: keys.messages })).status).toBe(200);
    expect(await server.metric('security_events_total{event="rate_limit_exceeded"}')).toBe("1");
    expect(await server.metric("rate_limit_exceeded_total")).toBe("1");
  });

  test("counts MCP and REST together", async () => {
    server = await startServer(bridge.url, limits);
    for (let count = 0; count < 3; count++) await server.fetch("/tools", { key: keys.all });
    const refused = await server.fetch("/mcp", { key: keys.all, json: { jsonrpc: "2.0", id: 1, method: "ping" } });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ jsonrpc: "2.0", error: { code: -32029 } });
  });

  test("limits wrong keys of an address, but never a right key that comes from there", async () => {
    server = await startServer(bridge.url, limits);
    const guess = async () => (await server?.fetch("/tools", { key: "wrong-key-of-some-length" }))?.status;
    expect([await guess(), await guess(), await guess(), await guess()]).toEqual([401, 401, 401, 429]);
    expect((await server.fetch("/tools", { key: keys.all })).status).toBe(200);
    expect(await server.metric("authentication_failures_total")).toBe("4");
  });

  test("can be switched off", async () => {
    server = await startServer(bridge.url, { ...limits, MCP_ENABLE_RATE_LIMIT: "false" });
    for (let count = 0; count < 5; count++) {
      expect((await server.fetch("/tools", { key: keys.all })).status).toBe(200);
    }
  });
});

describe("authentication switched off", () => {
  test("lets everybody call everything, still limited by address", async () => {
    server = await startServer(bridge.url, { ...limits, MCP_ENABLE_AUTH: "false" });
    const response = await server.fetch("/tools");
    expect(((await response.json()) as { tools: unknown[] }).tools.length).toBeGreaterThanOrEqual(4);
    await server.fetch("/tools");
    await server.fetch("/tools");
    expect((await server.fetch("/tools")).status).toBe(429);
  });
});

describe("the key file of a running server", () => {
  test("when it is replaced the new key is valid within seconds, and the old one is refused", async () => {
    const directory = await mkdtemp(join(tmpdir(), "server-"));
    try {
      const path = join(directory, "keys.json");
      await writeFile(path, JSON.stringify({ [keys.all]: { name: "claude", permissions: ["*"] } }));
      server = await startServer(bridge.url, { MCP_API_KEYS_FILE: path });
      const status = async (key: string) => (await server?.fetch("/tools", { key }))?.status;
      expect([await status(keys.all), await status(keys.messages)]).toEqual([200, 401]);
      await writeFile(`${path}.new`, JSON.stringify({ [keys.messages]: { name: "claude", permissions: ["*"] } }));
      await rename(`${path}.new`, path);
      await vi.waitFor(async () => expect(await status(keys.messages)).toBe(200), { timeout: 8000, interval: 200 });
      expect(await status(keys.all)).toBe(401);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("a proxy in front", () => {
  test("is believed about the client's address only when it is trusted", async () => {
    const headers = { "x-forwarded-for": "203.0.113.7" };
    server = await startServer(bridge.url);
    await server.fetch("/tools", { headers });
    expect(server.logText()).toContain("client_ip=127.0.0.1");
    await server.close();
    server = await startServer(bridge.url, { MCP_TRUSTED_PROXIES: "127.0.0.0/8" });
    await server.fetch("/tools", { headers });
    expect(server.logText()).toContain("client_ip=203.0.113.7");
  });
});
