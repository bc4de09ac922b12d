import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";
import { talk } from "../support/web-socket.ts";

let bridge: FakeBridge;
let servers: TestServer[];
/** Milliseconds by which the clock of the bans is ahead. */
let ahead: number;

beforeEach(async () => {
  bridge = await startFakeBridge();
  servers = [];
  ahead = 0;
});

afterEach(async () => {
  for (const server of servers) await server.close();
  await bridge.close();
});

const guards = { MCP_TRUSTED_PROXIES: "127.0.0.1", MCP_RATE_LIMIT_REQUESTS: "1000" };
const wrong = "wrong-key-of-some-length";
const stranger = "203.0.113.7";
const minutes = (count: number) => count * 60_000;

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startServer(bridge.url, { ...guards, ...env }, undefined, () => performance.now() + ahead);
  servers.push(server);
  return server;
}

const from = (address: string) => ({ "x-forwarded-for": address });

async function ask(server: TestServer, key: string | undefined, address = stranger, path = "/tools") {
  return server.fetch(path, { ...(key && { key }), headers: from(address) });
}

async function statuses(server: TestServer, count: number, key: string | undefined, address = stranger) {
  const answers = [];
  for (let index = 0; index < count; index += 1) answers.push((await ask(server, key, address)).status);
  return answers;
}

async function call(server: TestServer, tool: string, args: object = {}, key: string = keys.all) {
  const response = await server.fetch(`/tools/${tool}`, { key, json: args });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

const bansOf = async (server: TestServer) => (await call(server, "list_bans")).body;
const banLines = (server: TestServer) => server.log.filter(({ event }) => event === "ban");

describe("an address that wrong keys come from", () => {
  test("is banned for an hour after five of them in ten minutes, and told until when", async () => {
    const server = await start();
    expect(await statuses(server, 6, wrong)).toEqual([401, 401, 401, 401, 401, 429]);
    const refused = await ask(server, wrong);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3590);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(3600);
    expect(await refused.json()).toMatchObject({
      code: "ADDRESS_BANNED",
      message: expect.stringContaining("without a valid key"),
      details: { ban_reason: "authentication_failures" },
    });
    ahead = minutes(60) - 5000;
    expect(await statuses(server, 1, wrong)).toEqual([429]);
    ahead = minutes(60);
    expect(await statuses(server, 6, wrong)).toEqual([401, 401, 401, 401, 401, 429]);
  });

  test("is not banned for five in more than ten minutes", async () => {
    const server = await start();
    expect(await statuses(server, 4, wrong)).toEqual([401, 401, 401, 401]);
    ahead = minutes(10);
    expect(await statuses(server, 4, wrong)).toEqual([401, 401, 401, 401]);
  });

  test("goes on to be served with right keys, and others with whatever they have", async () => {
    const server = await start();
    await statuses(server, 8, wrong);
    expect(await statuses(server, 2, keys.all)).toEqual([200, 200]);
    expect(await statuses(server, 1, wrong, "203.0.113.8")).toEqual([401]);
    expect(await statuses(server, 1, undefined)).toEqual([429]);
    expect((await ask(server, undefined, stranger, "/health")).status).toBe(200);
  });

  test("is an IPv6 network of 64 bits, and IPv4 whatever it is written like", async () => {
    const server = await start();
    const guesses = async (addresses: readonly string[]) => {
      const answers = [];
      for (const address of addresses) answers.push((await ask(server, wrong, address)).status);
      return answers;
    };
    const network = ["::1", "::2", ":1::", ":ffff:1:2:3", "::9", "::a"].map((host) => `2001:db8:1:2${host}`);
    expect(await guesses([...network, "2001:db8:1:3::1"])).toEqual([401, 401, 401, 401, 401, 429, 401]);
    const mapped = [stranger, `::ffff:${stranger}`, "::ffff:cb00:7107", `${stranger}:4000`, stranger, stranger];
    expect(await guesses(mapped)).toEqual([401, 401, 401, 401, 401, 429]);
  });

  test("cannot be another one than that which the trusted proxy saw", async () => {
    const server = await start();
    for (let index = 0; index < 8; index += 1) await ask(server, wrong, `${stranger}, 198.51.100.9`);
    expect(await bansOf(server)).toMatchObject({ total: 1, bans: [{ address: "198.51.100.9" }] });
    const unproxied = await start({ MCP_TRUSTED_PROXIES: "192.0.2.1" });
    await statuses(unproxied, 8, wrong);
    expect(await bansOf(unproxied)).toMatchObject({ total: 1, bans: [{ address: "127.0.0.1" }] });
  });

  test("is refused on MCP over HTTP and WebSocket, too, and counted there", async () => {
    const server = await start();
    const post = () => server.fetch("/mcp", { key: wrong, json: {}, headers: from(stranger) });
    for (let index = 0; index < 2; index += 1) expect((await post()).status).toBe(401);
    const handshake = () => talk(server.url, { key: wrong, headers: from(stranger) }).catch((error) => error.status);
    expect([await handshake(), await handshake()]).toEqual([401, 401]);
    const introduce = async () => {
      const { send, answer, closed } = await talk(server.url, { headers: from(stranger) });
      send({ jsonrpc: "2.0", id: 1, method: "authenticate", params: { apiKey: wrong } });
      return { answer: await answer(1), closed: await closed };
    };
    expect(await introduce()).toMatchObject({ answer: { error: { code: 401 } }, closed: { code: 4401 } });
    expect(await introduce()).toMatchObject({ answer: { error: { code: 429 } }, closed: { code: 4429 } });
    expect(await handshake()).toBe(429);
    const refused = await post();
    expect([refused.status, Number(refused.headers.get("retry-after")) > 3000]).toEqual([429, true]);
    expect(await refused.json()).toMatchObject({ error: { code: 429, data: { code: "ADDRESS_BANNED" } } });
    const known = await talk(server.url, { key: keys.all, headers: from(stranger) });
    expect(await known.ask("ping")).toMatchObject({ result: {} });
    known.socket.terminate();
  });

  test("is one line that fail2ban can match, one security event, and one in the gauge until it ends", async () => {
    const server = await start();
    await statuses(server, 9, wrong);
    expect(banLines(server)).toMatchObject([
      { level: "warn", msg: `SECURITY ban client_ip=${stranger}`, client_ip: stranger, seconds: "3600" },
    ]);
    expect(await server.metric('security_events_total{event="ban"}')).toBe("1");
    expect(await server.metric("authentication_failures_total")).toBe("9");
    expect(await server.metric("security_violations_total")).toBe("9");
    const banned = () => server.metric('banned_addresses{reason="authentication_failures"}');
    expect(await banned()).toBe("1");
    ahead = minutes(60);
    expect(await banned()).toBe("0");
  });

  test("is banned as the variables say", async () => {
    const server = await start({ MCP_ENABLE_BANS: "false" });
    expect(new Set(await statuses(server, 20, wrong))).toEqual(new Set([401]));
    const strict = await start({ MCP_BAN_FAILURES: "1", MCP_BAN_FAILURES_TIME: "1000" });
    expect(await statuses(strict, 2, wrong)).toEqual([401, 429]);
    ahead = 1000;
    expect(await statuses(strict, 1, wrong)).toEqual([401]);
  });
});

describe("a key that goes on after its limit", () => {
  const limits = { MCP_RATE_LIMIT_REQUESTS: "2", MCP_RATE_LIMIT_WINDOW: "1000", MCP_RATE_LIMIT_BLOCK: "0" };

  test("is banned for half an hour after ten requests over it, at that address alone", async () => {
    const server = await start({ ...limits, MCP_RATE_LIMIT_WINDOW: "60000" });
    expect(await statuses(server, 12, keys.all)).toEqual([200, 200, ...Array(10).fill(429)]);
    const refused = await ask(server, keys.all);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(1790);
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    const reset = Number(refused.headers.get("x-ratelimit-reset")) - Date.now() / 1000;
    expect(Math.abs(reset - 1800)).toBeLessThan(10);
    expect(await refused.json()).toMatchObject({
      code: "ADDRESS_BANNED",
      details: { ban_reason: "exceeded_limits" },
    });
    expect(await statuses(server, 1, keys.messages)).toEqual([200]);
    expect(await (await ask(server, keys.all, "203.0.113.8")).json()).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    expect(banLines(server)).toMatchObject([{ client_ip: stranger, client: "admin", reason: "exceeded_limits" }]);
  });

  test("is served at another address, and there again when half an hour is over", async () => {
    const server = await start({ ...limits, MCP_RATE_LIMIT_REQUESTS: "5", MCP_BAN_LIMITS: "1" });
    expect(await statuses(server, 7, keys.all)).toContain(429);
    let host = 0;
    const elsewhere = async () => expect(await statuses(server, 1, keys.all, `198.51.100.${++host}`)).toEqual([200]);
    await vi.waitFor(elsewhere, { interval: 100 });
    expect(await statuses(server, 1, keys.all)).toEqual([429]);
    const there = async () => {
      // Too early, it is banned anew.
      ahead += minutes(30);
      expect(await statuses(server, 1, keys.all)).toEqual([200]);
    };
    await vi.waitFor(there, { interval: 100 });
  });

  test("reads so as an answer of MCP, which keeps its session", async () => {
    const server = await start({ MCP_RATE_LIMIT_REQUESTS: "1", MCP_BAN_LIMITS: "1" });
    const { post } = await beginSession(server, keys.all);
    const callTool = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "get_bridge_status" } };
    await post(callTool);
    const refused = await post(callTool);
    expect(refused.status).toBe(200);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(1790);
    expect(await refused.json()).toMatchObject({
      id: 7,
      result: { isError: true, content: [{ text: expect.stringContaining("ADDRESS_BANNED") }] },
    });
  });

  test("reads so on a WebSocket, which stays open", async () => {
    const server = await start({ MCP_RATE_LIMIT_REQUESTS: "2", MCP_BAN_LIMITS: "1" });
    const { ask: askFor, socket } = await talk(server.url, { key: keys.all });
    for (let index = 0; index < 2; index += 1) await askFor("ping");
    expect(await askFor("ping")).toMatchObject({ error: { code: 429, data: { code: "ADDRESS_BANNED" } } });
    expect(socket.readyState).toBe(socket.OPEN);
    socket.terminate();
  });
});

describe("an administrator", () => {
  test("sees bans, the newest first, and lifts one", async () => {
    const server = await start({ MCP_BAN_FAILURES: "1" });
    await statuses(server, 1, wrong);
    ahead = 10_000;
    await statuses(server, 1, wrong, "2001:db8::17");
    const { total, bans } = await bansOf(server);
    expect({ total, bans }).toMatchObject({
      total: 2,
      bans: [
        { address: "2001:db8:0:0::/64", reason: "authentication_failures", client: null },
        { address: stranger, reason: "authentication_failures", client: null },
      ],
    });
    expect((await call(server, "list_bans", { limit: 1 })).body).toMatchObject({ total: 2, bans: [{}] });
    expect((await call(server, "lift_ban", { address: "2001:db8::/64" })).body).toMatchObject({ lifted_count: 1 });
    expect((await call(server, "lift_ban", { address: stranger })).body).toMatchObject({
      success: true,
      lifted_count: 1,
    });
    expect(await statuses(server, 2, wrong)).toEqual([401, 429]);
    expect(server.log.filter(({ msg }) => msg === "ban lifted")).toMatchObject([
      { address: "2001:db8::", count: 1, client: "admin" },
      { address: stranger, count: 1 },
    ]);
  });

  test("lifts it on every server, whichever answers", async () => {
    const [here, there] = [await start({ MCP_BAN_FAILURES: "1" }), await start({ MCP_BAN_FAILURES: "1" })];
    for (const server of [here, there]) expect(await statuses(server, 2, wrong)).toEqual([401, 429]);
    // Somebody who is not banned here may be so there.
    expect((await call(there, "lift_ban", { address: "198.51.100.1" })).body).toMatchObject({ lifted_count: 0 });
    expect((await call(here, "lift_ban", { address: stranger })).body).toMatchObject({ lifted_count: 1 });
    await vi.waitFor(async () => expect(await bansOf(there)).toMatchObject({ total: 0 }));
    expect(await statuses(there, 1, wrong)).toEqual([401]);
  });

  test("is told when the other servers cannot be", async () => {
    const server = await start({ MCP_BAN_FAILURES: "1", BRIDGE_TIMEOUT: "300" });
    await statuses(server, 1, wrong);
    await bridge.close();
    const { body } = await call(server, "lift_ban", { address: stranger });
    expect(body).toMatchObject({
      success: false,
      lifted_count: 1,
      message: expect.stringContaining("call this again"),
    });
    bridge = await startFakeBridge();
  });

  test.each(["", "localhost", "203.0.113.0/24", "2001:db8::/32", "203.0.113.7/64", "203.0.113.7 or 1=1", "*"])(
    "cannot lift %j, which is no address",
    async (address) => {
      expect((await call(await start(), "lift_ban", { address })).status).toBe(400);
    },
  );

  test("needs the permission for each of both", async () => {
    const key = "key-of-somebody-who-may-only-look-at-bans";
    const guest = { name: "watch", permissions: ["list_bans"] };
    const server = await start({ MCP_API_KEYS: JSON.stringify({ [key]: guest }) });
    expect((await call(server, "list_bans", {}, key)).body).toMatchObject({ total: 0, bans: [] });
    expect((await call(server, "lift_ban", { address: stranger }, key)).status).toBe(403);
  });
});
