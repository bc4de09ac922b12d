import { createSecretKey } from "node:crypto";
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKey, startAuthorizationServer } from "../support/authorization-server.ts";
import { beginSession, keys, postStateless } from "../support/server.ts";
import { challengeIn, type Stage, scopes, stage } from "./support.ts";

let open: Stage;

beforeAll(async () => {
  open = await stage();
});
afterAll(() => open[Symbol.asyncDispose]());

const now = () => Math.floor(Date.now() / 1000);

describe("a token", () => {
  test("of the authorization server counts on every route and both revisions of MCP", async () => {
    const token = await open.token();
    expect((await open.tools(token)).status).toBe(200);
    const headers = { authorization: `Bearer ${token}` };
    const json = { message: "by REST" };
    expect((await open.server.fetch("/tools/send_telegram_message", { json, headers })).status).toBe(200);
    const call = { method: "tools/call", params: { name: "send_telegram_message", arguments: { message: "by MCP" } } };
    expect((await postStateless(open.server, "", call, headers)).status).toBe(200);
    expect(open.bridge.events.map(({ description }) => description)).toEqual(["by REST", "by MCP"]);
  });

  test("permits what its scopes say, and shows nothing else", async () => {
    const listed = async (scope: string) => {
      const { tools } = (await (await open.tools(await open.token(scope))).json()) as { tools: { name: string }[] };
      return tools.map(({ name }) => name);
    };
    expect(await listed(`${scopes.status} ${scopes.send} openid other:stop_bridge`)).toEqual([
      "send_telegram_message",
      "get_bridge_status",
    ]);
    expect(await listed("")).toEqual([]);
    // Not without the prefix, and not everything unless that is configured.
    expect(await listed(`send_telegram_message * ${scopes.all}`)).toEqual([]);
  });

  test("may have its scopes in a list under scp, as some servers write them", async () => {
    const token = await open.authority.token(open.resource, { claims: { scp: [scopes.status] } });
    expect(await (await open.tools(token)).json()).toMatchObject({ tools: [{ name: "get_bridge_status" }] });
  });

  test("may be for several servers, of which this is one", async () => {
    expect(
      (await open.tools(await open.token(scopes.send, { aud: ["https://a.example.com", open.resource] }))).status,
    ).toBe(200);
  });
});

test("never leaves the server: the bridge hears who calls, and no token", async () => {
  const heard: string[] = [];
  await using other = await stage();
  other.bridge.intercept = (request) => {
    heard.push(JSON.stringify(request.headers));
    return false;
  };
  const token = await other.token();
  const headers = { authorization: `Bearer ${token}` };
  const sent = await other.server.fetch("/tools/send_telegram_message", { json: { message: "hello" }, headers });
  expect(sent.status).toBe(200);
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.join() + JSON.stringify(other.bridge.events)).not.toContain(token.slice(0, 30));
});

describe("a token is refused", () => {
  const refused: Record<string, () => Promise<string>> = {
    "without a signature": async () =>
      new UnsecuredJWT({ scope: scopes.all })
        .setIssuer(open.authority.issuer)
        .setAudience(open.resource)
        .setExpirationTime("5m")
        .encode(),
    "signed with the public key as if it were a secret": async () => {
      const { n = "", e = "" } = open.authority.key.jwk;
      const pem = await exportSPKI((await importJWK({ n, e, kty: "RSA", ext: true }, "RS256")) as never);
      return new SignJWT({ scope: scopes.all })
        .setProtectedHeader({ alg: "HS256", kid: open.authority.key.kid })
        .setIssuer(open.authority.issuer)
        .setAudience(open.resource)
        .setSubject("mallory")
        .setExpirationTime("5m")
        .sign(createSecretKey(Buffer.from(pem)));
    },
    "signed with a key of somebody else under a known name": async () =>
      open.authority.token(open.resource, { key: { ...(await newKey()), kid: open.authority.key.kid } }),
    "with its own key in the header": async () => {
      const key = await newKey();
      const { n, e, kty } = key.jwk;
      return open.authority.token(open.resource, { key, header: { jwk: { n, e, kty }, kid: undefined } });
    },
    "with a changed payload": async () => {
      const [header, , signature] = (await open.token()).split(".");
      const [, payload] = (await open.token(scopes.all, { sub: "mallory" })).split(".");
      return [header, payload, signature].join(".");
    },
    "of another issuer": () => open.token(scopes.send, { iss: "https://auth.example.com" }),
    "of the same issuer with a slash more": () => open.token(scopes.send, { iss: `${open.authority.issuer}/` }),
    "for another server": () => open.token(scopes.send, { aud: "https://other.example.com/mcp" }),
    "for what is above this one": () => open.token(scopes.send, { aud: new URL(open.resource).origin }),
    "for nobody": () => open.token(scopes.send, { aud: undefined }),
    "that has expired": () => open.token(scopes.send, { exp: now() - 60 }),
    "that never expires": () => open.token(scopes.send, { exp: undefined }),
    "that is not valid yet": () => open.token(scopes.send, { nbf: now() + 120 }),
    "of another kind": () => open.authority.token(open.resource, { header: { typ: "logout+jwt" } }),
    "that is bound to a key of its sender": () => open.token(scopes.send, { cnf: { jkt: "thumbprint" } }),
    "that says what has to be understood and is not": () =>
      open.authority.token(open.resource, { header: { crit: ["sealed"], sealed: true } }),
    "that does not say whose it is": () => open.token(scopes.send, { sub: undefined, client_id: undefined }),
    "whose subject is no text": () => open.token(scopes.send, { sub: 7 }),
    "whose subject is endless": () => open.token(scopes.send, { sub: "x".repeat(600) }),
    "that is huge": () => open.token(scopes.send, { filler: "x".repeat(8 * 1024) }),
    "that only its own server can read": async () => "opaque-token-of-some-other-server",
    "that is none": async () => "a.b.c",
  };

  test.each(Object.keys(refused))("that is not what it should be: one %s", async (name) => {
    const token = (await refused[name]?.()) ?? "";
    const response = await open.tools(token);
    expect(response.status).toBe(401);
    expect(challengeIn(response)).toMatchObject({
      error: "invalid_token",
      error_description: expect.stringMatching(/\S+ .*\.$/),
      resource_metadata: `${new URL(open.resource).origin}/.well-known/oauth-protected-resource/mcp`,
    });
    const { code, details } = (await response.json()) as { code: string; details: Record<string, unknown> };
    expect(code).toBe("ACCESS_TOKEN_REQUIRED");
    expect(details.reason).toBe(challengeIn(response).error_description);
    // On MCP in the same words, and by HTTP.
    const mcp = await postStateless(open.server, "", { method: "tools/list" }, { authorization: `Bearer ${token}` });
    expect(mcp.status).toBe(401);
    expect(challengeIn(mcp)).toEqual(challengeIn(response));
  });

  test("in the URL, and so is one in a body", async () => {
    const token = await open.token();
    expect((await open.server.fetch(`/tools?access_token=${token}`)).status).toBe(401);
    const body = new URLSearchParams({ access_token: token });
    expect((await open.server.fetch("/mcp", { method: "POST", body })).status).toBe(401);
    expect((await open.tools("", { authorization: `Basic ${btoa(`x:${token}`)}` })).status).toBe(401);
  });

  test("without ever standing in the log, an answer or a metric", async () => {
    const tokens = await Promise.all(Object.values(refused).map((make) => make()));
    const answers = await Promise.all(tokens.map(async (token) => (await open.tools(token)).text()));
    const said = answers.join("") + open.server.logText();
    for (const part of tokens.flatMap((token) => token.split(".")).filter((text) => text.length > 20)) {
      expect(said).not.toContain(part);
    }
    expect(open.server.logText()).toContain("SECURITY authentication_failure");
  });
});

describe("keys beside tokens", () => {
  test("count as before", async () => {
    expect((await open.server.fetch("/tools", { key: keys.messages })).status).toBe(200);
    expect((await open.tools(keys.messages)).status).toBe(200);
  });

  test("a wrong key is refused in the words for keys, and told of the login", async () => {
    const response = await open.server.fetch("/tools", { key: "wrong-key-of-some-length" });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "AUTHENTICATION_ERROR" });
    const challenge = challengeIn(response);
    expect(challenge).toMatchObject({ realm: "cctelegram", resource_metadata: expect.any(String) });
    expect(challenge).not.toHaveProperty("error");
  });

  test("whoever shows nothing is told what to ask for, and of no error", async () => {
    const challenge = challengeIn(await open.server.fetch("/tools"));
    expect(challenge.scope?.split(" ")).toContain(scopes.send);
    expect(challenge.scope).not.toMatch(/stop_bridge|lift_ban|offline_access|\*/);
    expect(challenge).not.toHaveProperty("error");
  });

  test("a key that is sent with a token counts alone", async () => {
    const nameFor = async (key: string, token: string) => {
      const response = await open.tools(token, { "x-api-key": key });
      return response.status === 200 ? ((await response.json()) as { tools: object[] }).tools.length : response.status;
    };
    const token = await open.token(scopes.send);
    expect(await nameFor(keys.nothing, token)).toBe(0);
    expect(await nameFor("wrong-key-of-some-length", token)).toBe(401);
    expect(await nameFor(keys.messages, `${token}x`)).toBe(2);
  });
});

describe("a missing scope", () => {
  test("is told by HTTP 403 with all scopes to ask for, on REST and for a call of MCP", async () => {
    const headers = { authorization: `Bearer ${await open.token(scopes.send)}` };
    const { id, post } = await beginSession(
      { fetch: (path, init) => open.server.fetch(path, { ...init, headers: { ...init?.headers, ...headers } }) },
      "",
    );
    expect(id).not.toBe("");
    const params = { name: "send_performance_alert", arguments: {} };
    for (const response of [
      await open.server.fetch("/tools/send_performance_alert", { json: {}, headers }),
      await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
      await postStateless(open.server, "", { method: "tools/call", params }, headers),
    ]) {
      expect(response.status).toBe(403);
      expect(challengeIn(response)).toMatchObject({
        error: "insufficient_scope",
        scope: `${scopes.send} ${scopes.alert}`,
      });
      expect(await response.text()).toContain("INSUFFICIENT_SCOPE");
    }
    expect(Number(await open.server.metric('security_events_total{event="authorization_failure"}'))).toBeGreaterThan(2);
  });

  test("of a key's client is told as before", async () => {
    const response = await open.server.fetch("/tools/send_performance_alert", { key: keys.messages, json: {} });
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(await response.json()).toMatchObject({ code: "UNAUTHORIZED_TOOL" });
  });
});

describe("whose a token is", () => {
  test("follows from issuer and subject, whichever program holds it", async () => {
    open.bridge.events.length = 0;
    const send = async (token: string) => {
      const json = { message: "hello" };
      const headers = { authorization: `Bearer ${token}` };
      expect((await open.server.fetch("/tools/send_telegram_message", { json, headers })).status).toBe(200);
      return open.bridge.events.at(-1)?.client;
    };
    const alice = await send(await open.token(scopes.send, { client_id: "one" }));
    expect(alice).toMatch(/^oauth:alice:[0-9a-f]{20}$/);
    expect(await send(await open.token(scopes.send, { client_id: "two", jti: "another" }))).toBe(alice);
    const program = await send(await open.token(scopes.send, { sub: undefined, client_id: "alice" }));
    const named = await send(await open.token(scopes.send, { sub: "claude" }));
    const odd = await send(await open.token(scopes.send, { sub: `a\nb\u202e"${"x".repeat(400)}` }));
    expect(odd).toMatch(/^oauth:[\w.@+-]{60}:[0-9a-f]{20}$/);
    expect(new Set([alice, program, named, odd, "claude"]).size).toBe(5);
  });

  test("is another for the same subject of another issuer", async () => {
    await using other = await stage();
    const json = { message: "hello" };
    const token = await other.token();
    const headers = { authorization: `Bearer ${token}` };
    expect((await other.server.fetch("/tools/send_telegram_message", { json, headers })).status).toBe(200);
    const [event] = other.bridge.events;
    expect(event?.client).toMatch(/^oauth:alice:/);
    expect(open.bridge.events.map(({ client }) => client)).not.toContain(event?.client);
    expect((await open.tools(token)).status).toBe(401);
  });

  test("decides about sessions: with another's id, and another's token, there is none", async () => {
    const fetchAs = (token: string) => ({
      fetch: (path: string, init: RequestInit & { json?: unknown } = {}) =>
        open.server.fetch(path, {
          ...init,
          headers: { ...(init.headers as object), authorization: `Bearer ${token}` },
        }),
    });
    const mine = await beginSession(fetchAs(await open.token()), "");
    const ping = (id: string, token: string) =>
      fetchAs(token).fetch("/mcp", {
        json: { jsonrpc: "2.0", id: 1, method: "ping" },
        headers: { accept: "application/json, text/event-stream", "mcp-session-id": id },
      });
    expect((await ping(mine.id, await open.token(scopes.status, { jti: "a newer one" }))).status).toBe(200);
    const stolen = await ping(mine.id, await open.token(scopes.send, { sub: "mallory" }));
    expect(await stolen.text()).toContain("SESSION_NOT_FOUND");
    const withKey = await beginSession(open.server, keys.all);
    expect(await (await ping(withKey.id, await open.token())).text()).toContain("SESSION_NOT_FOUND");
  });
});

test("limits count for whoever the tokens are of, whichever of them is shown, and for nobody else", async () => {
  await using limited = await stage({ env: { MCP_ENABLE_RATE_LIMIT: "true", MCP_RATE_LIMIT_REQUESTS: "3" } });
  const asked = async (sub: string, jti: number) =>
    (await limited.tools(await limited.token(scopes.send, { sub, jti: `${jti}` }))).status;
  for (const jti of [1, 2, 3]) expect(await asked("alice", jti)).toBe(200);
  expect(await asked("alice", 4)).toBe(429);
  expect(await asked("bob", 5)).toBe(200);
});

test("wrong tokens ban an address, where right ones and keys are served all the same", async () => {
  await using guarded = await stage({ env: { MCP_ENABLE_BANS: "true", MCP_ENABLE_RATE_LIMIT: "true" } });
  const statuses: number[] = [];
  for (let tries = 0; tries < 7; tries++) {
    statuses.push(
      (await guarded.tools(await guarded.token(scopes.send, { aud: `https://${tries}.example.com` }))).status,
    );
  }
  expect(statuses.slice(0, 4)).toEqual([401, 401, 401, 401]);
  expect(statuses.at(-1)).toBe(429);
  expect((await guarded.tools(await guarded.token())).status).toBe(200);
  expect((await guarded.server.fetch("/tools", { key: keys.messages })).status).toBe(200);
});

test("whoever comes without a token, or with one that has expired, is told so however often, and bans nobody", async () => {
  await using guarded = await stage({ env: { MCP_ENABLE_BANS: "true", MCP_ENABLE_RATE_LIMIT: "true" } });
  const expired = await guarded.token(scopes.send, { exp: now() - 60 });
  const comes = async () => [(await guarded.server.fetch("/tools")).status, (await guarded.tools(expired)).status];
  for (let tries = 0; tries < 8; tries++) expect(await comes()).toEqual([401, 401]);
  expect(guarded.server.logText()).not.toContain("SECURITY authentication_failure");
  expect(Number(await guarded.server.metric("authentication_failures_total"))).toBe(0);
  // Also where somebody else has tried wrong ones: who signs in there begins without one.
  const forged = await guarded.token(scopes.send, { aud: "https://other.example.com" });
  for (let tries = 0; tries < 6; tries++) await guarded.tools(forged);
  expect((await guarded.tools(forged)).status).toBe(429);
  expect(await comes()).toEqual([401, 401]);
  expect(challengeIn(await guarded.server.fetch("/tools"))).toHaveProperty("resource_metadata");
});

test("tokens alone: no key counts, none is needed, and a token beside one does", async () => {
  await using alone = await stage({ env: { MCP_ENABLE_API_KEYS: "false", MCP_OAUTH_ALLOW_ALL: "true" } });
  expect((await alone.server.fetch("/tools", { key: keys.all })).status).toBe(401);
  expect((await alone.tools(keys.all)).status).toBe(401);
  const response = await alone.tools(await alone.token(scopes.all), { "x-api-key": keys.nothing });
  expect(((await response.json()) as { tools: object[] }).tools.length).toBeGreaterThan(20);
});

test("another authorization server is nobody here, although its tokens are for this server", async () => {
  const stranger = await startAuthorizationServer({ scopes: [scopes.send] });
  const before = open.authority.requests.length;
  expect((await open.tools(await stranger.token(open.resource, { claims: { scope: scopes.send } }))).status).toBe(401);
  expect(open.authority.requests.length).toBe(before);
  expect(stranger.requests).toEqual([]);
  await stranger.close();
});
