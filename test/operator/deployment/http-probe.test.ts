import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { httpProbe } from "../../../operator/deployment/http-probe.ts";
import type { Target } from "../../../operator/deployment/probe.ts";
import { hashOf, verify } from "../../../server/signature.ts";
import { keys, startServer, type TestServer } from "../../server/support/server.ts";

const hmac = "b".repeat(64);
const nowMs = Date.UTC(2026, 0, 1);

const targetOf = (mcpUrl: string, verifierKey: string = keys.nothing): Target => ({
  namespace: "tools",
  name: "team",
  uid: "one",
  mcpUrl,
  bridgeUrl: "http://team-bridge.tools.svc:9001",
  verifierKey,
  hmac,
  hasServer: true,
  hasBridge: false,
});

describe("the handshake with the real server", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer("http://127.0.0.1:9");
  });
  afterEach(() => server.close());

  const probe = httpProbe({ fetch, now: () => nowMs });

  test("succeeds with a key that may call no tool", async () => {
    const { server: result, bridge } = await probe(targetOf(`${server.url}/mcp`));
    expect(result).toMatchObject({ verified: true, protocolVersion: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
    expect(bridge).toBeUndefined();
  });

  test("fails with a key that the server does not know", async () => {
    const { server: result } = await probe(targetOf(`${server.url}/mcp`, "wrong-key-of-some-length"));
    expect(result).toMatchObject({
      verified: false,
      reason: "HandshakeRefused",
      message: expect.stringContaining("HTTP 401"),
    });
  });

  test("fails at a Service without a server behind it", async () => {
    await server.close();
    const { server: result } = await probe(targetOf(`${server.url}/mcp`));
    expect(result).toEqual({
      verified: false,
      reason: "ServiceUnreachable",
      message: `no answer from ${server.url}/mcp`,
    });
    server = await startServer("http://127.0.0.1:9");
  });
});

test("an answer that is no handshake is told apart", async () => {
  const probe = httpProbe({ fetch: async () => new Response("<html>"), now: () => nowMs });
  expect((await probe(targetOf("http://127.0.0.1/mcp"))).server).toMatchObject({ reason: "HandshakeInvalid" });
});

describe("the bridge's status", () => {
  const target = { ...targetOf(""), hasServer: false, hasBridge: true };
  const answers = (body: unknown, status = 200) =>
    httpProbe({ fetch: async () => Response.json(body, { status }), now: () => nowMs })(target);

  test("is asked for with a signature that the bridge accepts", async () => {
    let request: { url: string; headers: Record<string, string> } | undefined;
    const probe = httpProbe({
      fetch: async (url, { headers }) => {
        request = { url, headers: headers as Record<string, string> };
        return Response.json({});
      },
      now: () => nowMs,
    });
    await probe(target);
    expect(request?.url).toBe("http://team-bridge.tools.svc:9001/status");
    const signed = { secrets: [hmac], method: "GET", path: "/status", headers: request?.headers ?? {} };
    expect(verify({ ...signed, nowSeconds: nowMs / 1000 })).toEqual({ contentHash: hashOf("") });
  });

  test("is what the bridge says of Telegram and its queue", async () => {
    const queue = { usable: true, pending: 3, oldest_age_seconds: 1, failed: 0, limit: 10_000 };
    const { bridge, server } = await answers({ running: true, telegram: { reachable: false, error: "401" }, queue });
    expect(server).toBeUndefined();
    expect(bridge).toEqual({
      answered: true,
      telegram: { reachable: false, error: "401" },
      queue: { usable: true, pending: 3, limit: 10_000 },
    });
  });

  test("is no answer when it is refused or makes no sense", async () => {
    expect((await answers({}, 401)).bridge).toEqual({
      answered: false,
      message: "the bridge's status was answered with HTTP 401",
    });
    expect((await answers({ running: true })).bridge).toMatchObject({ answered: false });
  });
});
