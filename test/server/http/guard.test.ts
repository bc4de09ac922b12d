import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { features } from "../../../server/features/features.ts";
import type { Tool } from "../../../server/tools/tool.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, connect, keys, startServer, type TestServer } from "../support/server.ts";

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
    const { post } = await beginSession(server, keys.all);
    for (let count = 0; count < 2; count++) await server.fetch("/tools", { key: keys.all });
    const refused = await post({ jsonrpc: "2.0", id: 1, method: "ping" });
    expect(refused.status).toBe(200);
    expect(refused.headers.get("retry-after")).toBe("120");
    expect(await refused.json()).toMatchObject({ jsonrpc: "2.0", id: 1, error: { code: 429 } });
  });

  test("an MCP client over the limit reads so, keeps its session, and goes on when the time has come", async () => {
    server = await startServer(bridge.url, {
      ...{ ...limits, MCP_RATE_LIMIT_WINDOW: "4000", MCP_RATE_LIMIT_BLOCK: "4000" },
      MCP_ENABLE_BANS: "false",
    });
    const client = await connect(server.url, keys.all);
    const status = () => client.callTool({ name: "get_bridge_status" });
    await vi.waitFor(
      async () => {
        expect(await status()).toMatchObject({
          isError: true,
          content: [{ text: expect.stringContaining("RATE_LIMIT") }],
        });
      },
      { interval: 10 },
    );
    await expect(client.listTools()).rejects.toMatchObject({ code: 429 });
    await vi.waitFor(async () => expect((await status()).isError).toBeUndefined(), { interval: 250 });
    await client.close();
  });

  test("a notification over the limit is dropped without a word", async () => {
    server = await startServer(bridge.url, { ...limits, MCP_RATE_LIMIT_REQUESTS: "2" });
    const { post } = await beginSession(server, keys.all);
    const notify = async () => (await post({ jsonrpc: "2.0", method: "notifications/x" })).status;
    expect([await notify(), await notify()]).toEqual([202, 202]);
  });

  test("limits wrong keys of an address, but never a right key that comes from there", async () => {
    server = await startServer(bridge.url, limits);
    const guess = async () => (await server?.fetch("/tools", { key: "wrong-key-of-some-length" }))?.status;
    expect([await guess(), await guess(), await guess(), await guess()]).toEqual([401, 401, 401, 429]);
    expect((await server.fetch("/tools", { key: keys.all })).status).toBe(200);
    expect(await server.metric("authentication_failures_total")).toBe("4");
  });

  test("a tool that costs more than a call counts as several, over MCP and REST", async () => {
    const dear: Tool = { ...(features.tools.get("get_bridge_status") as Tool), cost: 3 };
    const offered = { ...features, tools: new Map([["get_bridge_status", dear]]) };
    server = await startServer(bridge.url, { ...limits, MCP_RATE_LIMIT_REQUESTS: "7" }, offered);
    const rest = () => server?.fetch("/tools/get_bridge_status", { key: keys.all, json: {} });
    expect([(await rest())?.status, (await rest())?.status, (await rest())?.status]).toEqual([200, 200, 429]);
  });

  describe("of one tool", () => {
    const statusOf = async (tool: string, key: string = keys.all, json: object = {}) =>
      (await server?.fetch(`/tools/${tool}`, { key, json }))?.status;

    test("is beside the client's, and concerns neither other tools nor other clients", async () => {
      server = await startServer(bridge.url);
      const starts = [];
      for (let count = 0; count < 11; count += 1) starts.push(await statusOf("start_bridge"));
      expect(starts).toEqual([...Array(10).fill(200), 429]);
      expect([await statusOf("stop_bridge"), await statusOf("get_bridge_status")]).toEqual([200, 200]);
      expect(await statusOf("get_bridge_status", keys.messages)).toBe(200);
    });

    test("stands in the headers of REST, and its refusal says which limit it was and when there is room again", async () => {
      server = await startServer(bridge.url, { ...limits, MCP_RATE_LIMIT_REQUESTS: "20" });
      const call = async () => server?.fetch("/tools/start_bridge", { key: keys.all, json: {} });
      const headers = async () => {
        const answer = await call();
        return ["limit", "remaining"].map((name) => answer?.headers.get(`x-ratelimit-tool-${name}`));
      };
      // 10 of 100 are 2 of 20.
      expect([await headers(), await headers()]).toEqual([
        ["2", "1"],
        ["2", "0"],
      ]);
      const refused = await call();
      expect(refused?.status).toBe(429);
      const after = Number(refused?.headers.get("retry-after"));
      expect(after).toBeGreaterThan(50);
      // A part of the window more: it may have begun before it was first used.
      expect(after).toBeLessThanOrEqual(66);
      const reset = Number(refused?.headers.get("x-ratelimit-tool-reset")) - Date.now() / 1000;
      expect(Math.abs(reset - after)).toBeLessThan(3);
      expect(refused?.headers.get("x-ratelimit-tool-remaining")).toBe("0");
      expect(await refused?.json()).toMatchObject({ code: "RATE_LIMIT_EXCEEDED", details: { limit_type: "tool" } });
      expect(await server.metric("rate_limit_exceeded_total")).toBe("1");
    });

    test("holds over MCP and REST together, and is read by a model", async () => {
      server = await startServer(bridge.url);
      const client = await connect(server.url, keys.all);
      for (let count = 0; count < 5; count += 1) await client.callTool({ name: "start_bridge" });
      for (let count = 0; count < 5; count += 1) expect(await statusOf("start_bridge")).toBe(200);
      expect(await client.callTool({ name: "start_bridge" })).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining("RATE_LIMIT_EXCEEDED") }],
      });
      await client.close();
    });

    test("leads to a ban like the client's limit", async () => {
      server = await startServer(bridge.url, { MCP_BAN_LIMITS: "2" });
      const statuses = [];
      for (let count = 0; count < 12; count += 1) statuses.push(await statusOf("start_bridge"));
      expect(statuses).toEqual([...Array(10).fill(200), 429, 429]);
      const refused = await server.fetch("/tools", { key: keys.all });
      expect(await refused.json()).toMatchObject({ code: "ADDRESS_BANNED" });
    });

    test("does not hold when limits are switched off", async () => {
      server = await startServer(bridge.url, { MCP_ENABLE_RATE_LIMIT: "false" });
      for (let count = 0; count < 12; count += 1) expect(await statusOf("start_bridge")).toBe(200);
    });
  });

  test("can be switched off", async () => {
    server = await startServer(bridge.url, { ...limits, MCP_ENABLE_RATE_LIMIT: "false" });
    for (let count = 0; count < 5; count++) {
      expect((await server.fetch("/tools", { key: keys.all })).status).toBe(200);
    }
  });
});

describe("what the log warns of at the start", () => {
  const warnings = () => server?.log.filter(({ level }) => level === "warn").map(({ msg }) => msg);

  test("authentication that is off", async () => {
    server = await startServer(bridge.url, { MCP_ENABLE_AUTH: "false" });
    expect(warnings()).toEqual(["authentication is off: whoever reaches the port may call every tool"]);
  });

  test("permissions that name no tool", async () => {
    const key = { name: "claude", permissions: ["send_telegram_mesage", "*"] };
    server = await startServer(bridge.url, { MCP_API_KEYS: JSON.stringify({ [keys.all]: key }) });
    expect(warnings()).toEqual(["permissions that name no tool permit nothing"]);
    expect(server.logText()).toContain("send_telegram_mesage");
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
      server = await startServer(bridge.url, { MCP_API_KEYS_FILE: path, MCP_ENABLE_BANS: "false" });
      const status = async (key: string) => (await server?.fetch("/tools", { key }))?.status;
      expect([await status(keys.all), await status(keys.messages)]).toEqual([200, 401]);
      await writeFile(`${path}.new`, JSON.stringify({ [keys.messages]: { name: "claude", permissions: ["*"] } }));
      await rename(`${path}.new`, path);
      await vi.waitFor(async () => expect(await status(keys.messages)).toBe(200), { interval: 200 });
      expect(await status(keys.all)).toBe(401);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("a key that expires", () => {
  test("is refused from that time on, and its holder is told", async () => {
    const entry = (expires: string) => ({ name: "claude", permissions: ["*"], expires });
    server = await startServer(bridge.url, {
      MCP_API_KEYS: JSON.stringify({
        [keys.all]: entry("2020-01-01T00:00:00Z"),
        [keys.messages]: entry("2999-01-01T00:00:00Z"),
      }),
    });
    expect((await server.fetch("/tools", { key: keys.messages })).status).toBe(200);
    const refused = await server.fetch("/tools", { key: keys.all });
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain("has expired");
  });
});

describe("strangers and the log", () => {
  test("of many refusals ten are logged and all are counted", async () => {
    server = await startServer(bridge.url, { LOG_LEVEL: "info", MCP_RATE_LIMIT_REQUESTS: "1000" });
    for (let count = 0; count < 30; count++) await server.fetch(count % 2 ? "/tools" : "/nothing");
    for (let count = 0; count < 15; count++) await server.fetch("/tools", { key: "wrong-key-of-some-length" });
    const refusals = server.log.filter(({ msg }) => String(msg).startsWith("SECURITY authentication_failure"));
    expect(refusals).toHaveLength(10);
    expect(server.log.filter(({ msg }) => msg === "request")).toEqual([]);
    expect(await server.metric("authentication_failures_total")).toBe("30");
  });
});

describe("a proxy in front", () => {
  const guess = async (forwarded: string) => {
    const headers = { "x-forwarded-for": forwarded };
    return (await server?.fetch("/tools", { key: "wrong-key-of-some-length", headers }))?.status;
  };

  test.each([
    ["addresses of one IPv6 network", (index: number) => `2001:db8:1:2::${index}`],
    ["ports behind an address", (index: number) => `203.0.113.7:${4000 + index}`],
    ["ports behind an IPv6 address", (index: number) => `[2001:db8::1]:${4000 + index}`],
    [
      "spellings of an IPv4 address",
      (index: number) => ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"][index % 3],
    ],
    ["words", (index: number) => `word-${index}`],
    ["long values", (index: number) => `${"9".repeat(10_000)}${index}`],
    ["what comes before the trusted hop", (index: number) => `10.0.0.${index}, 203.0.113.7`],
  ])("%s count as one for the limit of wrong keys", async (_what, forwarded) => {
    server = await startServer(bridge.url, { ...limits, MCP_TRUSTED_PROXIES: "127.0.0.1" });
    const statuses = [];
    for (let index = 0; index < 5; index++) statuses.push(await guess(forwarded(index) ?? ""));
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  test("cannot be made to accuse another address", async () => {
    server = await startServer(bridge.url, { MCP_TRUSTED_PROXIES: "127.0.0.1" });
    await guess("zzz client_ip=203.0.113.7");
    expect(server.logText()).toContain("client_ip=127.0.0.1");
    expect(server.logText()).not.toContain("203.0.113.7");
  });

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
