import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { securityHeaderValues } from "../../../server/http/security-headers.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { head, rawConnection } from "../support/raw-http.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, {
    MCP_ALLOWED_ORIGINS: "https://tools.example.com",
    MCP_ALLOWED_HOSTS: "localhost.example.com,a.localhost",
  });
});
afterEach(async () => {
  await server.close();
  await bridge.close();
});

const key = keys.all;
const { "content-security-policy": _policy, ...always } = securityHeaderValues;

/** What a request gets, head by head, as it was written. */
async function answer(method: string, path: string, headers: Record<string, string> = {}, body = "") {
  const { socket, closed } = await rawConnection(server.url);
  const length = body === "" ? {} : { "content-length": `${body.length}`, "content-type": "application/json" };
  socket.write(head(method, path, { host: "127.0.0.1", connection: "close", ...length, ...headers }) + body);
  const [status = "", ...lines] = ((await closed).split("\r\n\r\n")[0] ?? "").split("\r\n");
  const fields = lines.map((line) => [
    line.slice(0, line.indexOf(":")).toLowerCase(),
    line.slice(line.indexOf(":") + 2),
  ]);
  return { status: Number(status.split(" ")[1]), headers: Object.fromEntries(fields), fields };
}

const upgrade = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-protocol": "mcp",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

describe("security headers are there, each once, in an answer", () => {
  test.each<[number, string, string, string, Record<string, string>?, string?]>([
    [200, "of health", "GET", "/health"],
    [200, "of a list", "GET", "/tools", { "x-api-key": key }],
    [200, "of the description", "GET", "/openapi.json"],
    [
      204,
      "to a preflight",
      "OPTIONS",
      "/mcp",
      { origin: "https://tools.example.com", "access-control-request-method": "POST" },
    ],
    [400, "to a path that is none", "GET", "/%zz"],
    [400, "to a wrong argument", "POST", "/tools/send_telegram_message", { "x-api-key": key }, "{}"],
    [401, "to a wrong key", "GET", "/tools", { "x-api-key": "wrong" }],
    [401, "to a wrong key by MCP", "POST", "/mcp", { "x-api-key": "wrong" }, "{}"],
    [401, "to a refused upgrade", "GET", "/mcp", { ...upgrade, "x-api-key": "wrong" }],
    [404, "to an upgrade elsewhere", "GET", "/nothing", upgrade],
    [403, "to a foreign page", "GET", "/tools", { origin: "https://evil.example.com" }],
    [404, "to an unknown path", "GET", "/nothing"],
    [404, "to a login", "GET", "/.well-known/oauth-authorization-server"],
    [405, "to another method", "DELETE", "/health"],
    [
      415,
      "to another type",
      "POST",
      "/tools/send_telegram_message",
      { "x-api-key": key, "content-type": "text/xml" },
      "<a/>",
    ],
    [
      413,
      "to a large body",
      "POST",
      "/tools/send_telegram_message",
      { "x-api-key": key, "content-length": "99999999" },
      "{",
    ],
  ])("%i %s", async (status, _what, method, path, headers, body) => {
    const told = await answer(method, path, headers, body);
    expect(told.status).toBe(status);
    expect(told.headers).toMatchObject(securityHeaderValues);
    for (const name of Object.keys(securityHeaderValues)) {
      expect(
        told.fields.filter(([field]) => field === name),
        name,
      ).toHaveLength(1);
    }
  });

  test("429 over the limit, and 503 of health that is not ready and of a server that is too busy", async () => {
    await server.close();
    server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1" });
    await answer("GET", "/tools", { "x-api-key": key });
    const over = await answer("GET", "/tools", { "x-api-key": key });
    expect(over).toMatchObject({ status: 429, headers: securityHeaderValues });
    server.drain();
    expect(await answer("GET", "/health/ready")).toMatchObject({ status: 503, headers: securityHeaderValues });
    await server.close();
    // Any turn is longer than this.
    server = await startServer(bridge.url, { MCP_MAX_EVENT_LOOP_DELAY: "1" });
    const until = performance.now() + 200;
    while (performance.now() < until);
    const busy = await answer("GET", "/tools", { "x-api-key": key });
    expect(busy).toMatchObject({ status: 503, headers: securityHeaderValues });
  });

  test("of /docs, whose policy allows its own script and style and no more", async () => {
    const { headers } = await answer("GET", "/docs");
    expect(headers).toMatchObject(always);
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-/,
    );
  });
});

test.each([
  ["localhost", undefined],
  ["localhost:8080", undefined],
  ["a.localhost:8080", undefined],
  ["127.0.0.1:8080", securityHeaderValues["strict-transport-security"]],
  ["localhost.example.com", securityHeaderValues["strict-transport-security"]],
])("under %s other ports of the machine are not bound to TLS", async (host, value) => {
  expect((await answer("GET", "/health", { host })).headers["strict-transport-security"]).toBe(value);
});

test("the documents have each header with its value, and the reason for it", () => {
  const page = readFileSync(new URL("../../../docs/server.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("### Security headers"), page.indexOf("## Rate limits"));
  const rows = [...section.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\| .*? \| (.+?) +\|$/gm)];
  const own = Object.fromEntries(rows.map(([, name = "", value]) => [name.toLowerCase(), value]));
  expect(own).toEqual(securityHeaderValues);
});
