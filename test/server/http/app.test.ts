import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpRoutes } from "../../../server/http/routes.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { head, rawConnection } from "../support/raw-http.ts";
import { beginSession, isOpen, keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1000", MCP_ENABLE_BANS: "false" });
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const message = { json: { message: "hello" } };

describe("authentication", () => {
  test.each(httpRoutes.filter(({ route }) => !isOpen(route)))(
    "$method $route refuses a wrong or missing key with 401",
    async ({ method, route }) => {
      for (const key of ["wrong-key-of-some-length", ""]) {
        const response = await server.fetch(route, { method, key });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toBe('Bearer realm="cctelegram"');
        expect(await response.text()).toContain("AUTHENTICATION_ERROR");
      }
    },
  );

  test.each([
    { "x-api-key": keys.messages },
    { authorization: `Bearer ${keys.messages}` },
    { authorization: `bearer  ${keys.messages}` },
  ])("accepts a key as %o", async (headers) => {
    const response = await server.fetch("/tools/send_telegram_message", { ...message, headers });
    expect(response.status).toBe(200);
  });

  test("counts and logs a failure as fail2ban expects it, without the key", async () => {
    await server.fetch("/tools", { key: "wrong-key-of-some-length" });
    // The guide's filter: ^.*SECURITY.*authentication_failure.*client_ip.*<HOST>.*$
    expect(server.logText()).toMatch(/^.*SECURITY.*authentication_failure.*client_ip.*127\.0\.0\.1.*$/m);
    expect(server.logText()).not.toContain("wrong-key-of-some-length");
    expect(Number(await server.metric('security_events_total{event="authentication_failure"}'))).toBeGreaterThan(0);
    expect(Number(await server.metric("authentication_failures_total"))).toBeGreaterThan(0);
  });
});

describe("permissions", () => {
  test("a tool outside of the key's permissions is refused with 403, and listed for nobody", async () => {
    const response = await server.fetch("/tools/send_performance_alert", { key: keys.messages, json: {} });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: true, code: "UNAUTHORIZED_TOOL" });
    const { tools } = (await (await server.fetch("/tools", { key: keys.messages })).json()) as {
      tools: { name: string }[];
    };
    expect(tools.map(({ name }) => name)).toEqual(["send_telegram_message", "get_bridge_status"]);
    expect(Number(await server.metric('security_events_total{event="authorization_failure"}'))).toBeGreaterThan(0);
  });

  test("a key without permissions gets an empty list", async () => {
    expect(await (await server.fetch("/tools", { key: keys.nothing })).json()).toEqual({ tools: [] });
  });

  test("a tool that does not exist is 404 for everybody who has a key", async () => {
    const response = await server.fetch("/tools/launch_rocket", { key: keys.nothing, json: {} });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "UNKNOWN_TOOL" });
  });
});

describe("requests", () => {
  test("a tool is called with the body as arguments and answers its structured result", async () => {
    const response = await server.fetch("/tools/send_telegram_message", { ...message, key: keys.messages });
    const result = (await response.json()) as { event_id: string };
    expect(result).toEqual({
      success: true,
      event_id: result.event_id,
      message: `Message sent successfully. Event ID: ${result.event_id}`,
    });
    expect(bridge.events.at(-1)).toMatchObject({ event_id: result.event_id, description: "hello" });
  });

  test("a tool without arguments needs no body", async () => {
    for (const headers of [{}, { "content-type": "application/json" }] as Record<string, string>[]) {
      const response = await server.fetch("/tools/get_bridge_status", { method: "POST", key: keys.messages, headers });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ running: true, health: "healthy" });
    }
  });

  test("arguments may stand in the query, where numbers are text; the body counts more", async () => {
    const typesOf = async (path: string, init: RequestInit & { json?: unknown } = {}) => {
      const response = await server.fetch(`/tools/list_event_types${path}`, { key: keys.all, ...init });
      expect(response.status).toBe(200);
      return ((await response.json()) as { count: number }).count;
    };
    expect(await typesOf("")).toBe(47);
    expect(await typesOf("?category=security")).toBe(1);
    expect(await typesOf("?category=security", { method: "POST" })).toBe(1);
    expect(await typesOf("?category=security", { json: { category: "custom" } })).toBe(1);
    expect(await typesOf("?category=security", { json: { category: "notifications" } })).toBe(3);
    const limited = async (limit: string) =>
      (await server.fetch(`/tools/get_telegram_responses?limit=${limit}`, { key: keys.all })).status;
    expect(await limited("5")).toBe(200);
    for (const wrong of ["", "five", "1e9", "5&limit=6", "NaN"]) expect(await limited(wrong), wrong).toBe(400);
    expect(bridge.requests.filter((each) => each.includes("limit="))).toEqual(["GET /responses?client=admin&limit=5"]);
  });

  test("each tool has its methods: one that deletes is called with DELETE or POST, never with GET", async () => {
    const status = async (method: string, path: string) => {
      const response = await server.fetch(`/tools/${path}`, { method, key: keys.all });
      return [response.status, response.headers.get("allow")];
    };
    expect(await status("DELETE", "clear_old_responses?older_than_hours=24")).toEqual([200, null]);
    expect(await status("POST", "clear_old_responses")).toEqual([200, null]);
    expect(await status("GET", "clear_old_responses")).toEqual([405, "DELETE, POST"]);
    expect(await status("HEAD", "clear_old_responses")).toEqual([405, "DELETE, POST"]);
    expect(await status("DELETE", "get_telegram_responses")).toEqual([405, "GET, HEAD, POST"]);
    expect(await status("OPTIONS", "get_telegram_responses")).toEqual([405, "GET, HEAD, POST"]);
    expect(await status("PATCH", "send_task_completion")).toEqual([405, "POST"]);
    expect(await status("GET", "send_task_completion?task_id=1&title=t")).toEqual([405, "POST"]);
    expect(await status("POST", "send_task_completion?task_id=1&title=t&files_affected=a.ts")).toEqual([200, null]);
    expect(bridge.events.at(-1)?.data).toMatchObject({ files_affected: ["a.ts"], files_count: 1 });
    expect((await server.fetch("/tools/clear_old_responses", { method: "DELETE" })).status).toBe(401);
    const foreign = await server.fetch("/tools/clear_old_responses", { method: "DELETE", key: keys.messages });
    expect(foreign.status).toBe(403);
    expect((await server.fetch("/tools/nothing", { method: "DELETE", key: keys.all })).status).toBe(404);
    expect(bridge.requests.filter((each) => each.startsWith("DELETE"))).toHaveLength(2);
  });

  test.each([
    ["invalid arguments", { json: { message: "" } }, 400, "VALIDATION_ERROR"],
    ["invalid JSON", { body: '{"message":', headers: { "content-type": "application/json" } }, 400, "MALFORMED_JSON"],
    [
      "poisoned JSON",
      { body: '{"__proto__":{"a":1}}', headers: { "content-type": "application/json" } },
      400,
      "VALIDATION_ERROR",
    ],
    [
      "a compressed body",
      {
        body: gzipSync('{"message":"x"}'),
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
      },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    [
      "another media type",
      { body: "message=x", headers: { "content-type": "text/plain" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["a body of more than 256 KiB", { json: { message: "x".repeat(256 * 1024) } }, 413, "PAYLOAD_TOO_LARGE"],
  ])("%s are refused", async (_case, init, status, code) => {
    const response = await server.fetch("/tools/send_telegram_message", {
      method: "POST",
      key: keys.messages,
      ...init,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: true, code, message: expect.any(String) });
  });

  test("an unknown path is 404, a known one with another method 405 with Allow", async () => {
    const missing = await server.fetch("/admin?key=1", { key: keys.all });
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ code: "NOT_FOUND", message: "There is nothing at /admin." });
    for (const { route } of httpRoutes) {
      const methods = httpRoutes.filter((other) => other.route === route).map(({ method }) => method);
      const response = await server.fetch(route, {
        method: "PUT",
        key: keys.all,
        body: "{",
        headers: { "content-type": "x/y" },
      });
      expect(response.status).toBe(405);
      // HEAD of the stream that sessions listen on would never end.
      const hasHead = methods.includes("GET") && route !== "/mcp";
      const allowed = new Set(hasHead ? [...methods, "HEAD"] : methods);
      expect(new Set(response.headers.get("allow")?.split(", "))).toEqual(allowed);
    }
  });

  test("a method that a path does not have is 405 with Allow, whichever of HTTP's it is", async () => {
    for (const method of ["OPTIONS", "QUERY", "TRACE"]) {
      const connection = await rawConnection(server.url);
      connection.socket.write(head(method, "/tools", { "x-api-key": keys.all, connection: "close" }));
      const answer = await connection.closed;
      expect(answer).toMatch(/^HTTP\/1\.1 405 /);
      expect(answer).toMatch(/^allow: GET, HEAD\r$/m);
    }
  });

  test("a request keeps a harmless id and gets another for a harmful one", async () => {
    const withId = async (id: string) => {
      const response = await server.fetch("/tools/x", { key: keys.all, json: {}, headers: { "x-request-id": id } });
      const { request_id } = (await response.json()) as { request_id: string };
      expect(response.headers.get("x-request-id")).toBe(request_id);
      return request_id;
    };
    expect(await withId("trace-42")).toBe("trace-42");
    expect(await withId('x" SECURITY "')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("every answer carries the security headers", async () => {
    for (const path of ["/health", "/tools", "/nowhere"]) {
      const { headers } = await server.fetch(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "cache-control": "no-store",
        "content-security-policy": expect.stringContaining("default-src 'none'"),
      });
    }
  });

  test("a path that cannot be decoded is 400 in the same form", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${server.url}/%zz`, (response) => resolve(response.resume().statusCode));
      request.on("error", reject).end();
    });
    expect(status).toBe(400);
  });
});

describe("bodies", () => {
  const send = (body: string, path: string, headers: Record<string, string> = {}) =>
    server.fetch(path, {
      method: "POST",
      key: keys.all,
      body,
      headers: { "content-type": "application/json", ...headers },
    });
  const event = (data: string) => `{"type":"build_failed","title":"t","description":"d","data":${data}}`;
  const call = (data: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_telegram_event","arguments":${event(data)}}}`;

  test.each([
    ["nested 6,000 deep", `{"a":${"[".repeat(6000)}${"]".repeat(6000)}}`],
    ["nested 21 deep", `${'{"a":'.repeat(21)}1${"}".repeat(21)}`],
    ["of 101 members", JSON.stringify(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, i])))],
    ["of 40,000 members", `{${Array.from({ length: 20_001 }, (_, i) => `"${i}":1`).join(",")}}`],
    ["of 17 KiB", JSON.stringify({ a: "x".repeat(17 * 1024) })],
    ["with __proto__", '{"__proto__":{"a":1}}'],
    ["with __proto__ inside", '{"a":[{"\\u005f_proto__":1}]}'],
  ])("data %s is refused with 400 over REST, and told over MCP", async (_what, data) => {
    const rest = await send(event(data), "/tools/send_telegram_event");
    expect(rest.status).toBe(400);
    const { code, message } = (await rest.json()) as { code: string; message: string };
    expect(code).toBe("VALIDATION_ERROR");
    expect(message).toMatch(/levels deep|members|bytes|__proto__/);
    const { id } = await beginSession(server, keys.all);
    const mcp = await send(call(data), "/mcp", { "mcp-session-id": id });
    expect(mcp.status).toBe(200);
    expect(await mcp.json()).toMatchObject({ id: 1, result: { isError: true } });
  });

  test("none leads to a 5xx", async () => {
    const json = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.json({ maxDepth: 3 }).map(event),
      fc.json({ maxDepth: 3 }).map(call),
      fc.json().map((text) => `[${text},${call("null")}]`),
      fc.string({ unit: "binary" }),
      fc.nat(3000).map((depth) => event(`${'{"a":['.repeat(depth)}${"]}".repeat(depth)}`)),
      fc.constantFrom("1e999", "\ufeff{}", '"\\ud800"', '{"constructor":{"prototype":1}}', `${"9".repeat(5000)}`),
    );
    const path = fc.constantFrom(
      "/mcp",
      "/tools/send_telegram_event",
      "/tools/get_bridge_status",
      "/tools/constructor",
    );
    const { id } = await beginSession(server, keys.all, "2025-03-26");
    await fc.assert(
      fc.asyncProperty(json, path, async (body, to) => {
        expect((await send(body, to, { "mcp-session-id": id })).status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });
});

describe("paths", () => {
  test("a slash too many is forgiven", async () => {
    const { id } = await beginSession(server, keys.all);
    const json = { jsonrpc: "2.0", id: 1, method: "ping" };
    const ping = { json, key: keys.all, headers: { "mcp-session-id": id } };
    for (const path of ["/mcp/", "//mcp"]) expect((await server.fetch(path, ping)).status).toBe(200);
    expect((await server.fetch("/tools/", { key: keys.all })).status).toBe(200);
    expect((await server.fetch("/mcp/", { json: {} })).status).toBe(401);
  });

  test.each([
    ["GET", "/.well-known/oauth-protected-resource"],
    ["GET", "/.well-known/oauth-protected-resource/mcp"],
    ["GET", "/.well-known/oauth-authorization-server"],
    ["GET", "/.well-known/openid-configuration"],
    ["POST", "/register"],
    ["POST", "/token"],
  ])("%s %s tells OAuth clients in their own form that a key is needed", async (method, path) => {
    const response = await server.fetch(path, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: "not_found",
      error_description: expect.stringContaining("X-API-Key"),
    });
  });

  test("a path that is not there stands in the log at debug: printable, short and without its query", async () => {
    await server.fetch(`/lost%0a${"x".repeat(500)}?key=secret`);
    const line = server.log.findLast(({ route }) => route === "unmatched");
    expect(line).toMatchObject({ level: "debug", status: 404, path: expect.stringMatching(/^\/lost%0ax{192}$/) });
  });
});

describe("what is observed", () => {
  test("an accepted call is one line that ties the event to the key, and one audit record", async () => {
    const response = await server.fetch("/tools/send_telegram_message", {
      ...message,
      key: keys.messages,
      headers: { "x-request-id": "audit-1" },
    });
    const { event_id } = (await response.json()) as { event_id: string };
    const lines = server.log.filter((line) => JSON.stringify(line).includes(event_id));
    expect(lines.map(({ msg }) => msg)).toEqual(["tool called", "audit"]);
    expect(lines[0]).toMatchObject({
      level: "info",
      client: "claude",
      client_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      tool: "send_telegram_message",
      event_id,
      request_id: "audit-1",
    });
  });

  test("requests are counted by pattern and status; series exist before the first request", async () => {
    await server.fetch("/tools/send_telegram_message", { ...message, key: keys.messages });
    const counted = await server.metric('http_requests_total{method="POST",route="/tools/:name",status="200"}');
    expect(Number(counted)).toBeGreaterThan(0);
    expect(
      await server.metric('http_request_duration_seconds_count{method="POST",route="/tools/:name"}'),
    ).toBeDefined();
    const calls = await server.metric('mcp_tool_calls_total{tool="send_telegram_message",outcome="success"}');
    expect(Number(calls)).toBeGreaterThan(0);
    expect(await server.metric('mcp_tool_calls_total{tool="send_performance_alert",outcome="success"}')).toBe("0");
    await server.fetch("/tools/send_telegram_message", { ...message, json: {}, key: keys.messages });
    expect(await server.metric("mcp_calls_in_flight")).toBe("0");
  });

  test("no log line holds a key", () => {
    for (const key of Object.values(keys)) expect(server.logText()).not.toContain(key);
  });
});
