import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { httpRoutes } from "../../../server/http/routes.ts";
import { createRegistry } from "../../../server/telemetry/metrics.ts";
import { startMetricsServer } from "../../../server/telemetry/metrics-server.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { rawConnection } from "../support/raw-http.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  await server.close();
  await bridge.close();
});

type Headers = Record<string, string>;

/** fetch() sets the Host header itself; a rebound page sets another. */
function ask(method: string, url: string, headers: Headers): Promise<{ status: number; headers: Headers }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      response
        .resume()
        .on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers as Headers }));
    });
    request.on("error", reject).end();
  });
}

const everywhere = [...httpRoutes, { method: "GET", route: "/nothing" }, { method: "OPTIONS", route: "/tools" }];

describe.each([
  ["loopback", { MCP_SERVER_HOST: "127.0.0.1" }],
  ["another loopback address", { MCP_SERVER_HOST: "127.0.0.2" }],
  [
    "all addresses, without keys",
    { MCP_SERVER_HOST: "0.0.0.0", MCP_ENABLE_AUTH: "false", MCP_ALLOW_UNAUTHENTICATED: "true" },
  ],
  ["all addresses, with names", { MCP_SERVER_HOST: "0.0.0.0", MCP_ALLOWED_HOSTS: "mcp.example.com" }],
] as const)("a server on %s", (_where, env) => {
  test.each(everywhere)("refuses $method $route under the name of a web page", async ({ method, route }) => {
    server = await startServer(bridge.url, env);
    const rebound = { host: "evil.example:8080", origin: "http://evil.example:8080", "x-api-key": keys.all };
    expect((await ask(method, server.url + route, rebound)).status).toBe(403);
    expect((await ask(method, server.url + route, { host: "evil.example", "x-api-key": keys.all })).status).toBe(403);
    expect(bridge.events).toEqual([]);
  });

  test("answers a load balancer that leaves out Host on /health, and there alone", async () => {
    server = await startServer(bridge.url, env);
    const statusOf = async (path: string, headers = "") => {
      const { socket, closed } = await rawConnection(server.url, "127.0.0.1");
      socket.write(`GET ${path} HTTP/1.0\r\n${headers}\r\n`);
      return /^HTTP\/1\.1 (\d+)/.exec(await closed)?.[1];
    };
    expect(await statusOf("/health")).toBe("200");
    expect(await statusOf("/health", "Origin: http://evil.example\r\n")).toBe("403");
    expect(await statusOf("/health", "Host: evil.example\r\n")).toBe("403");
    expect(await statusOf("/health", "Host:\r\n")).toBe("403");
    for (const path of ["/tools", "/openapi.json", "/docs", "/health/detailed"]) {
      expect([path, await statusOf(path, `X-API-Key: ${keys.all}\r\n`)]).toEqual([path, "403"]);
    }
  });
});

describe("a server on all addresses with keys", () => {
  test("refuses foreign pages on every route, and lets probes and clients come under any name", async () => {
    server = await startServer(bridge.url, { MCP_SERVER_HOST: "0.0.0.0" });
    for (const { method, route } of everywhere) {
      const foreign = { host: "team-mcp-server:8080", origin: "https://evil.example", "x-api-key": keys.all };
      expect((await ask(method, server.url + route, foreign)).status, route).toBe(403);
    }
    for (const host of ["team-mcp-server.notes.svc:8080", "10.244.0.9:8080", "anything"]) {
      expect((await ask("GET", `${server.url}/health/ready`, { host })).status).toBe(200);
      expect((await ask("GET", `${server.url}/tools`, { host, "x-api-key": keys.all })).status).toBe(200);
    }
  });
});

describe("the metrics port", () => {
  test("refuses foreign pages, and on loopback foreign names", async () => {
    server = await startServer(bridge.url);
    const local = await startMetricsServer(createRegistry(), { host: "127.0.0.1", port: 0 });
    const open = await startMetricsServer(createRegistry(), { host: "0.0.0.0", port: 0 });
    const status = async (url: string, headers: Headers) => (await ask("GET", `${url}/metrics`, headers)).status;
    try {
      expect(await status(local.url, { host: "localhost:9090" })).toBe(200);
      expect(await status(local.url, { host: "evil.example" })).toBe(403);
      expect(await status(open.url, { host: "10.244.0.9:9090" })).toBe(200);
      expect(await status(open.url, { host: "team:9090", origin: "https://evil.example" })).toBe(403);
    } finally {
      await local.close();
      await open.close();
    }
  });
});

describe("a page of an allowed origin", () => {
  const origin = "https://tools.example.com";

  beforeEach(async () => {
    server = await startServer(bridge.url, { MCP_ALLOWED_ORIGINS: `${origin}/, http://other.example` });
  });

  test.each(["/mcp", "/tools", "/tools/send_telegram_message"])(
    "may ask before it calls %s, without a key",
    async (path) => {
      const response = await server.fetch(path, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type,x-api-key,mcp-protocol-version",
          "access-control-request-private-network": "true",
        },
      });
      expect(response.status).toBe(204);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers": "content-type,x-api-key,mcp-protocol-version",
        "access-control-allow-private-network": "true",
        vary: "Origin",
      });
    },
  );

  test("may read answers and errors of both transports, with the headers that clients need", async () => {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "page", version: "1" } };
    const beginning = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    const answers = [
      await server.fetch("/mcp", { key: keys.all, json: beginning, headers: { origin } }),
      await server.fetch("/mcp", { key: "wrong-key-of-some-length", json: beginning, headers: { origin } }),
      await server.fetch("/tools", { key: keys.all, headers: { origin } }),
      await server.fetch("/tools/x", { key: keys.all, json: {}, headers: { origin } }),
      await server.fetch("/nothing", { headers: { origin } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 404, 404]);
    for (const { headers } of answers) {
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("access-control-expose-headers")).toMatch(
        /Mcp-Session-Id.*WWW-Authenticate.*X-RateLimit-Limit/,
      );
      expect(headers.get("vary")).toBe("Origin");
    }
  });

  test("is told apart from others: a foreign preflight is 403 without permission, and no origin gets none", async () => {
    const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
    const foreign = await server.fetch("/mcp", { method: "OPTIONS", headers });
    expect(foreign.status).toBe(403);
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    const plain = await server.fetch("/tools", { key: keys.all });
    expect(plain.headers.get("access-control-allow-origin")).toBeNull();
    expect(plain.headers.get("vary")).toBe("Origin");
  });
});
