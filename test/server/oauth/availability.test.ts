import { afterEach, describe, expect, test } from "vitest";
import { until } from "../bridge/support.ts";
import { newKey } from "../support/authorization-server.ts";
import { keys } from "../support/server.ts";
import { type Stage, type StageOptions, scopes, stage } from "./support.ts";

let open: Stage;

afterEach(() => open[Symbol.asyncDispose]());

async function staged(options: StageOptions = {}): Promise<Stage> {
  open = await stage(options);
  return open;
}

const looks = () => open.authority.requests.filter((request) => request === "GET /jwks").length;
const statusOf = async (token: string) => (await open.tools(token)).status;
const keysAreRead = () =>
  until("the keys are read", () => open.server.logText().includes("keys of the authorization server are read"));
const details = async () =>
  (await (await open.server.fetch("/health/detailed")).json()) as {
    dependencies: Record<string, Record<string, unknown>>;
  };

describe("keys of the authorization server that change", () => {
  test("cost no request: neither tokens of the old nor of the new one are refused", async () => {
    await staged();
    const old = await open.token(scopes.send, { jti: "old" });
    expect(await statusOf(old)).toBe(200);
    await open.authority.rotate({ keepsOld: true });
    const fresh = await Promise.all(Array.from({ length: 40 }, (_, jti) => open.token(scopes.send, { jti: `${jti}` })));
    const statuses = await Promise.all([...fresh, ...fresh.map(() => old)].map(statusOf));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(looks()).toBe(2);
  });

  test("end the tokens of one that is withdrawn, once that is known", async () => {
    await staged();
    const old = await open.token();
    expect(await statusOf(old)).toBe(200);
    await open.authority.rotate();
    expect(await statusOf(await open.token())).toBe(200);
    expect(await statusOf(old)).toBe(401);
  });
});

test("a reload has the keys read at once: the tokens of one that is withdrawn end", async () => {
  await staged();
  const old = await open.token();
  expect(await statusOf(old)).toBe(200);
  await open.authority.rotate();
  expect(await statusOf(old)).toBe(200);
  await open.server.reload();
  expect(await statusOf(old)).toBe(401);
});

test("tokens with unknown keys have it asked a few times only, while right ones are served", async () => {
  await staged();
  await keysAreRead();
  const stranger = await newKey();
  const forged = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      open.authority.token(open.resource, { key: { ...stranger, kid: `unknown-${index}` } }),
    ),
  );
  const right = await open.token();
  const begun = performance.now();
  const statuses = await Promise.all(forged.flatMap((token) => [statusOf(token), statusOf(right)]));
  expect(statuses.filter((status) => status === 200)).toHaveLength(100);
  expect(statuses.filter((status) => status === 401)).toHaveLength(100);
  // The one of the start, three at once, and one more in 10 s.
  expect(looks()).toBeLessThanOrEqual(4 + Math.ceil((performance.now() - begun) / 10_000));
});

describe("an authorization server that cannot be reached", () => {
  test("keeps nobody out whose token names a key that is known, and no key", async () => {
    await staged();
    await keysAreRead();
    const token = await open.token();
    await open.authority.stop();
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(await open.token(scopes.send, { jti: "a newer one" }))).toBe(200);
    expect((await open.server.fetch("/tools", { key: keys.all })).status).toBe(200);
    const unknown = await open.tools(await open.authority.token(open.resource, { key: await newKey() }));
    expect(unknown.status).toBe(503);
    expect(unknown.headers.get("retry-after")).toBe("5");
    expect(await unknown.json()).toMatchObject({ code: "AUTHORIZATION_SERVER_UNAVAILABLE" });
    expect(Number(await open.server.metric("authentication_failures_total"))).toBe(0);
    await open.authority.start();
  });

  test("is told by health, and does not make the server unready while keys count", async () => {
    await staged();
    await keysAreRead();
    expect((await details()).dependencies.authorization_server).toEqual({
      healthy: true,
      latency_ms: expect.any(Number),
      checked_at: expect.any(String),
      since: expect.any(String),
    });
    await open.authority.stop();
    await open.tools(await open.authority.token(open.resource, { key: await newKey() }));
    const { authorization_server: told } = (await details()).dependencies;
    expect(told).toMatchObject({ healthy: false, error: expect.stringMatching(/^it cannot be reached/) });
    expect((await open.server.fetch("/health/ready")).status).toBe(200);
    await open.authority.start();
  });

  test("at the start is waited for by nobody, and its tokens count as soon as it is there", async () => {
    await staged({ front: (_request, response) => response.writeHead(500).end("down") && true });
    expect((await open.server.fetch("/tools", { key: keys.all })).status).toBe(200);
    expect(await statusOf(await open.token())).toBe(503);
    open.authority.front = () => false;
    const token = await open.token();
    await until("the token counts", async () => (await statusOf(token)) === 200);
  });

  test("because it never answers holds up those only whose tokens nobody can check yet", async () => {
    await staged({ front: () => true });
    const checked = open.tools(await open.token());
    expect((await open.server.fetch("/tools", { key: keys.all })).status).toBe(200);
    expect((await open.server.fetch("/health/ready")).status).toBe(200);
    expect(await (await checked).json()).toMatchObject({ details: { reason: "it did not answer within 5 s" } });
  });

  test("leaves a server without keys unready until it was asked once", async () => {
    await staged({
      env: { MCP_ENABLE_API_KEYS: "false" },
      front: (_request, response) => response.writeHead(500).end("down") && true,
    });
    const ready = await open.server.fetch("/health/ready");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reasons: [expect.stringContaining("MCP_OAUTH_ISSUER")] });
    open.authority.front = () => false;
    await until("it is ready", async () => (await open.server.fetch("/health/ready")).status === 200);
    await open.authority.stop();
    expect(await statusOf(await open.authority.token(open.resource, { key: await newKey() }))).toBe(503);
    expect((await open.server.fetch("/health/ready")).status).toBe(200);
    await open.authority.start();
  });
});

test("a token counts until it has expired, also on a connection where it counted before", async () => {
  await staged();
  const token = await open.token(scopes.send, { exp: Math.floor(Date.now() / 1000) - 25 });
  expect(await statusOf(token)).toBe(200);
  await until("it has expired", async () => (await statusOf(token)) === 401);
  expect(await (await open.tools(token)).json()).toMatchObject({
    details: { reason: "The access token has expired." },
  });
});

describe("what is told without a key", () => {
  test("pages of allowed origins may read, and no others", async () => {
    await staged({ env: { MCP_ALLOWED_ORIGINS: "http://localhost:6274" } });
    const path = "/.well-known/oauth-protected-resource/mcp";
    const asked = { "access-control-request-method": "GET", "access-control-request-headers": "mcp-protocol-version" };
    const origin = { origin: "http://localhost:6274" };
    const preflight = await open.server.fetch(path, { method: "OPTIONS", headers: { ...origin, ...asked } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toBe("mcp-protocol-version");
    const read = await open.server.fetch(path, { headers: origin });
    expect(read.headers.get("access-control-allow-origin")).toBe("http://localhost:6274");
    const refused = await open.server.fetch("/mcp", { method: "POST", headers: origin });
    expect(refused.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
    expect((await open.server.fetch(path, { headers: { origin: "https://hostile.example.com" } })).status).toBe(403);
    expect((await open.server.fetch(path, { method: "POST" })).status).toBe(405);
  });

  test("is where the login is, for those who look for it at this server", async () => {
    await staged();
    for (const [method, path] of [
      ["GET", "/.well-known/oauth-authorization-server"],
      ["POST", "/register"],
    ] as const) {
      const response = await open.server.fetch(path, { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({
        error: "not_found",
        error_description: expect.stringContaining(
          `${new URL(open.resource).origin}/.well-known/oauth-protected-resource/mcp`,
        ),
      });
    }
  });
});
