import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { methods } from "../../../server/mcp/methods/registry.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, postStateless, startServer, type TestServer } from "../support/server.ts";
import { session } from "../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeEach(async () => {
  bridge = await startFakeBridge();
});
afterEach(async () => {
  await server.close();
  await bridge.close();
});

const key = keys.all;
const left = (response: Response, kind = "") => Number(response.headers.get(`x-ratelimit-${kind}remaining`));

describe("each method counts", () => {
  const names = [...new Set(methods.map(({ name }) => name))].filter((name) => name !== "subscriptions/listen");

  test.each(names)("%s as one, over HTTP and a WebSocket, whether it can be answered or not", async (method) => {
    server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "8" });
    const begun = await beginSession(server, key);
    const message = { jsonrpc: "2.0", id: 1, method, params: {} };
    const first = await begun.post(message);
    await first.text();
    const second = await begun.post(message);
    await second.text();
    const third = await postStateless(server, key, { method });
    await third.text();
    expect([first, second, third].map((response) => left(response))).toEqual([6, 5, 4]);
    expect([first, second, third].map((response) => left(response, "global-"))).toEqual([78, 77, 76]);
    // The upgrade, initialize and notifications/initialized are the fifth to the seventh.
    const socket = await session(server.url, { key });
    await socket.ask(method);
    expect((await socket.ask("ping")).error?.message).toMatch(/limit/i);
    socket.socket.terminate();
  });
});

test("a dear tool counts as its cost, for its key and for all", async () => {
  server = await startServer(bridge.url);
  const answer = await server.fetch("/tools", { key });
  await server.fetch("/tools/clear_old_responses", { key, json: {} });
  const after = await server.fetch("/tools", { key });
  expect(left(answer) - left(after)).toBe(6);
  expect(left(answer, "global-") - left(after, "global-")).toBe(6);
});

describe("the limit of all clients", () => {
  test("is told in each answer, and refuses who has had its share, with the truth in headers, and no strike", async () => {
    server = await startServer(bridge.url, { MCP_RATE_LIMIT_GLOBAL_REQUESTS: "6", MCP_BAN_LIMITS: "1" });
    for (let i = 5; i >= 0; i -= 1) {
      const answer = await server.fetch("/tools", { key });
      expect([answer.status, answer.headers.get("x-ratelimit-global-limit"), left(answer, "global-")]).toEqual([
        200,
        "6",
        i,
      ]);
    }
    const refused = await server.fetch("/tools", { key });
    expect(refused.status).toBe(429);
    const after = Number(refused.headers.get("retry-after"));
    expect(after).toBeGreaterThan(50);
    expect(after).toBeLessThanOrEqual(66);
    expect(Math.abs(Number(refused.headers.get("x-ratelimit-global-reset")) - Date.now() / 1000 - after)).toBeLessThan(
      3,
    );
    expect(await refused.json()).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      details: { limit: 6, limit_type: "global" },
    });
    // Its own limit is far away, others have their share, and nobody is banned for the others' calls.
    expect(left(refused)).toBeGreaterThan(50);
    const others = [];
    for (let i = 0; i < 4; i += 1) others.push((await server.fetch("/tools", { key: keys.messages })).status);
    expect(others).toEqual([200, 200, 200, 429]);
    const again = await server.fetch("/tools", { key });
    expect(await again.json()).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
    expect(await server.metric('security_events_total{event="shared_limit_exceeded"}')).toBe("3");
    expect(await server.metric('security_events_total{event="ban"}')).toBe("0");
    expect(server.logText()).not.toContain("SECURITY rate_limit_exceeded");
  });

  test("is ten times that of a key, and 0 switches it off", async () => {
    server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "7" });
    expect((await server.fetch("/tools", { key })).headers.get("x-ratelimit-global-limit")).toBe("70");
    await server.close();
    server = await startServer(bridge.url, { MCP_RATE_LIMIT_GLOBAL_REQUESTS: "0" });
    expect((await server.fetch("/tools", { key })).headers.get("x-ratelimit-global-limit")).toBeNull();
  });
});
