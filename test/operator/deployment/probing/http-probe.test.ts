import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashOf, verify } from "../../../../contract/signature.ts";
import { httpProbe } from "../../../../operator/deployment/probing/http-probe.ts";
import type { ProbeResult, Target } from "../../../../operator/deployment/probing/parts-probe.ts";
import { keys, startServer, type TestServer } from "../../../server/support/server.ts";

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

  describe("from a pod that is not what it should be", () => {
    const queue = { usable: true, pending: 3, limit: 10_000 };
    const huge = `\u001b[2J\r\n${"x".repeat(1_000_000)}`;
    const clean = /^[^\p{Cc}]{256}$/u;

    test("is cut and cleaned where it is read", async () => {
      const refusals = [{ chat_id: 7, reason: huge, hint: huge, messages: 1, at: "x" }];
      const { bridge } = await answers({
        telegram: { reachable: false, error: huge },
        queue: { ...queue, usable: false, error: huge },
        refusals,
      });
      expect(bridge).toMatchObject({
        telegram: { error: expect.stringMatching(clean) },
        queue: { error: expect.stringMatching(clean) },
        refusals: [{ chatId: 7, reason: expect.stringMatching(clean), hint: expect.stringMatching(clean) }],
      });
    });

    test.each([
      [Number.MAX_SAFE_INTEGER, 1_000_000_000],
      [2 ** 60, 1_000_000_000],
      [1e300, 1_000_000_000],
      [1.9, 1],
    ])("counts %s as %s", async (pending, counted) => {
      expect((await answers({ telegram: { reachable: true }, queue: { ...queue, pending } })).bridge).toMatchObject({
        queue: { pending: counted },
      });
    });

    test("is no answer when it counts below zero", async () => {
      const { bridge } = await answers({ telegram: { reachable: true }, queue: { ...queue, pending: -1 } });
      expect(bridge).toMatchObject({ answered: false });
    });

    test("keeps the words of a handshake short", async () => {
      const result = { protocolVersion: huge, serverInfo: { version: huge } };
      const probe = httpProbe({ fetch: async () => Response.json({ result }), now: () => nowMs });
      expect((await probe(targetOf("http://127.0.0.1/mcp"))).server).toEqual({
        verified: true,
        protocolVersion: expect.stringMatching(clean),
        serverVersion: expect.stringMatching(clean),
      });
    });
  });

  test("tells whether what people say is received, without what always changes", async () => {
    const status = { telegram: { reachable: true }, queue: { usable: true, pending: 0, limit: 10 } };
    const receiving = { mode: "Polling", receiving: false, other_consumer: true, error: "409", hint: "stop it" };
    const told = await answers({ ...status, receiving: { ...receiving, last_answer_at: "2026-01-01T00:00:00Z" } });
    expect(told.bridge).toEqual({ answered: true, ...status, receiving });
  });

  test("is one that does not report receiving when it receives in a way that this operator does not know", async () => {
    const status = { telegram: { reachable: true }, queue: { usable: true, pending: 0, limit: 10 } };
    const receiving = { mode: "Pigeons", receiving: true, other_consumer: false };
    expect((await answers({ ...status, receiving })).bridge).toEqual({ answered: true, ...status });
  });

  test("tells how full the volume is, to two digits: a few messages more are no news", async () => {
    const status = { telegram: { reachable: true }, queue: { usable: true, pending: 0, limit: 10 } };
    const volume = { size_bytes: 1_073_741_824, free_bytes: 912_345_678, growth_bytes_per_day: 12_345_678 };
    const told = { sizeBytes: 1_073_741_824, freeBytes: 910_000_000, growthBytesPerDay: 12_000_000 };
    expect((await answers({ ...status, volume })).bridge).toMatchObject({ volume: told });
    const { bridge } = await answers({ ...status, volume: { size_bytes: -1, free_bytes: "much" } });
    expect(bridge).toMatchObject({ answered: true });
    expect(bridge).not.toHaveProperty("volume");
  });

  test("tells who is refused, and a wait when it is long", async () => {
    const status = { telegram: { reachable: true }, queue: { usable: true, pending: 0, limit: 10 } };
    const refusals = [{ chat_id: -100, name: "ops", reason: "403", messages: 2, at: "2026-01-01T00:00:00Z" }];
    const topic = { chat_id: -100, topic: 7, name: "ops", reason: "closed", hint: "open it", at: "x" };
    const waiting = (ms: number) => ({ reason: "flood", until: new Date(nowMs + ms).toISOString() });
    expect((await answers({ ...status, refusals, refused_topics: [topic], waiting: waiting(61_000) })).bridge).toEqual({
      answered: true,
      ...status,
      refusals: [{ chatId: -100, name: "ops", reason: "403" }],
      refusedTopics: [{ name: "ops", hint: "open it" }],
      waiting: "flood",
    });
    const paused = { since: "2026-01-01T00:00:00Z", by: "claude" };
    expect((await answers({ ...status, paused })).bridge).toEqual({ answered: true, ...status, paused });
    expect((await answers({ ...status, waiting: waiting(59_000) })).bridge).toEqual({ answered: true, ...status });
  });
});

describe("when the handshake through the Service fails, the pods are asked one by one", () => {
  const pods = [
    { uid: "c", address: "10.0.0.3" },
    { uid: "a", address: "10.0.0.1" },
    { uid: "b", address: "fd00::2" },
  ];
  const service = "team-mcp-server.tools.svc";
  const initialized = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } };

  function probeOf(refusing: readonly string[], before?: ProbeResult) {
    const asked: string[] = [];
    const probe = httpProbe({
      fetch: async (url, { headers }) => {
        const { hostname } = new URL(url);
        asked.push(`${hostname} as ${headers.host}`);
        if (refusing.includes(hostname)) return new Response("", { status: 500 });
        return Response.json({ result: initialized });
      },
      now: () => nowMs,
      podsOf: () => pods,
      before: () => before,
    });
    return { asked, server: probe(targetOf(`http://${service}:8080/mcp`)).then(({ server }) => server) };
  }

  test("and those that fail while others pass are named, in order", async () => {
    const { server, asked } = probeOf([service, "10.0.0.3", "[fd00::2]"]);
    expect(await server).toMatchObject({ verified: false, reason: "SomePodsFail", failingPods: ["b", "c"] });
    expect(asked).toContain(`10.0.0.1 as ${service}:8080`);
  });

  test("and so they are when some failed last time, whichever pod the Service leads to now", async () => {
    const { server } = probeOf(["10.0.0.3"], {
      server: await probeOf([service, "10.0.0.3"]).server,
      bridge: undefined,
    });
    expect(await server).toMatchObject({ failingPods: ["c"] });
  });

  test.each([
    ["all pass: it is the way to them", [service]],
    ["none passes: it is all of them", [service, "10.0.0.3", "10.0.0.1", "[fd00::2]"]],
  ])("and none is named when %s", async (_why, refusing) => {
    const { server } = probeOf(refusing);
    expect(await server).toEqual({ verified: false, reason: "HandshakeRefused", message: expect.any(String) });
  });

  test("but none is asked while the Service answers", async () => {
    const { server, asked } = probeOf(["10.0.0.3"]);
    expect(await server).toMatchObject({ verified: true });
    expect(asked).toHaveLength(1);
  });
});
