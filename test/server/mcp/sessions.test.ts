import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Client } from "../../../server/access/client.ts";
import { createSeal } from "../../../server/mcp/seal.ts";
import { createSessionIds, sessionLifetimeMs } from "../../../server/mcp/session-id.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { memoryInUse } from "../support/memory.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";

const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

describe("a session's id", () => {
  let now = Date.UTC(2026, 0, 1);
  let count = 0;
  const client: Client = { id: "client", keyDigest: "digest of a key", name: "claude", permissions: new Set() };
  const idsOf = (secret = "secret of a server") =>
    createSessionIds({ secret, clock: () => now, newId: () => `id-${++count}` });
  const agreed = {
    version: "2025-11-25",
    capabilities: { elicitation: { form: {} } },
    client: { name: "claude", version: "1" },
  };

  test("holds what was agreed on, for every process that knows the client's key", () => {
    const session = idsOf().begin(client, agreed);
    expect(session.id).toMatch(/^[\x21-\x7e]+$/);
    expect(idsOf().find(session.id, { ...client })).toEqual(session);
    expect(idsOf("another secret").find(session.id, { ...client })).toEqual(session);
  });

  test("needs the server's secret when there are no keys", () => {
    const { keyDigest: _, ...stranger } = client;
    const { id } = idsOf().begin(stranger, agreed);
    expect(idsOf().find(id, { ...stranger })).toBeDefined();
    expect(idsOf("another secret").find(id, { ...stranger })).toBeUndefined();
  });

  test("is unique", () => {
    const ids = idsOf();
    expect(ids.begin(client, agreed).id).not.toBe(ids.begin(client, agreed).id);
  });

  test("is worth nothing to another client, for another purpose, or changed", () => {
    const { id } = idsOf().begin(client, agreed);
    expect(idsOf().find(id, { ...client, id: "another" })).toBeUndefined();
    expect(idsOf().find(id, { ...client, keyDigest: "another" })).toBeUndefined();
    expect(createSeal("digest of a key", "request state").open(id)).toBeUndefined();
    for (let at = 0; at < id.length; at++) {
      const other = id[at] === "A" ? "B" : "A";
      expect(idsOf().find(id.slice(0, at) + other + id.slice(at + 1), client)).toBeUndefined();
    }
    for (const text of ["", ".", "x", `${id}.`, `.${id}`, `${id}=`, "null.AAAA", "a".repeat(100_000)]) {
      expect(idsOf().find(text, client)).toBeUndefined();
    }
  });

  test("that a client made for itself holds only what initialize would have agreed on", () => {
    const seal = createSeal("digest of a key", "session");
    const info = { name: "x", version: "1" };
    const end = now + 1000;
    for (const content of [
      null,
      [],
      ["id", end, "client", "1999-01-01", {}, info],
      ["id", end, "client", "2025-11-25", null, info],
      ["id", end, "client", "2025-11-25", {}, {}],
      ["id", end, "another", "2025-11-25", {}, info],
    ]) {
      expect(idsOf().find(seal.seal(content), client)).toBeUndefined();
    }
    const made = seal.seal(["id", end, "client", "2025-11-25", { roots: { x: 1 }, foo: {} }, info]);
    expect(idsOf().find(made, client)?.capabilities).toEqual({ roots: {} });
  });

  test("has an end, by time or by the client's word", () => {
    const ids = idsOf();
    const session = ids.begin(client, agreed);
    now += sessionLifetimeMs - 1;
    expect(ids.find(session.id, client)).toEqual(session);
    now += 1;
    expect(ids.find(session.id, client)).toBeUndefined();
    const next = ids.begin(client, agreed);
    ids.end(next.key);
    expect(ids.find(next.id, client)).toBeUndefined();
  });
});

describe("sessions over HTTP", () => {
  let bridge: FakeBridge;
  let servers: [TestServer, TestServer];

  beforeAll(async () => {
    bridge = await startFakeBridge();
    const start = () => startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
    servers = [await start(), await start()];
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await bridge.close();
  });

  test("begin with the version that the client wants, or the newest that it may know", async () => {
    for (const [wanted, agreed] of [
      ["2025-11-25", "2025-11-25"],
      ["2025-06-18", "2025-06-18"],
      ["2025-03-26", "2025-03-26"],
      ["2024-11-05", "2024-11-05"],
      ["2024-10-07", "2025-11-25"],
      ["2027-01-01", "2025-11-25"],
      // That revision has no initialize.
      ["2026-07-28", "2025-11-25"],
    ]) {
      const params = { protocolVersion: wanted, capabilities: {}, clientInfo: { name: "test", version: "1" } };
      const json = { jsonrpc: "2.0", id: 1, method: "initialize", params };
      const response = await servers[0].fetch("/mcp", { key: keys.all, json });
      expect(await response.json()).toMatchObject({ id: 1, result: { protocolVersion: agreed } });
      expect(response.headers.get("mcp-session-id")).toMatch(/^[\x21-\x7e]{50,}$/);
    }
  });

  test("go on at any replica", async () => {
    const { id } = await beginSession(servers[0], keys.all);
    for (const server of [servers[1], servers[0], servers[1]]) {
      const response = await server.fetch("/mcp", { key: keys.all, json: ping, headers: { "mcp-session-id": id } });
      expect(await response.json()).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    }
  });

  test("a request without its id is 400, with a foreign or unknown one 404, and both say what to do", async () => {
    const { id } = await beginSession(servers[0], keys.messages);
    const ask = (headers: Record<string, string>, json: unknown = ping) =>
      servers[0].fetch("/mcp", { key: keys.all, json, headers });
    const missing = await ask({});
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({ id: 1, error: { message: expect.stringContaining("initialize") } });
    for (const foreign of [id, "1868a90c-unknown", `${id}x`]) {
      const response = await ask({ "mcp-session-id": foreign });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ id: 1, error: { message: expect.stringContaining("initialize") } });
    }
    const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
    expect((await ask({}, notification)).status).toBe(400);
    expect((await ask({ "mcp-session-id": "unknown" }, notification)).status).toBe(404);
  });

  test("end with DELETE", async () => {
    const { id, post } = await beginSession(servers[0], keys.all);
    const end = (key: string, headers: Record<string, string> = { "mcp-session-id": id }) =>
      servers[0].fetch("/mcp", { method: "DELETE", key, headers });
    expect((await end(keys.messages)).status).toBe(404);
    expect((await end(keys.all, {})).status).toBe(400);
    expect((await post(ping)).status).toBe(200);
    expect((await end(keys.all)).status).toBe(204);
    expect((await post(ping)).status).toBe(404);
    expect((await end(keys.all)).status).toBe(404);
  });

  test("a flood of initialize leaves nothing behind", async () => {
    const { post } = await beginSession(servers[0], keys.all);
    await post(ping);
    const begin = () => beginSession(servers[0], keys.all);
    for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 50 }, begin));
    const before = (await memoryInUse()).heapUsed;
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, begin));
    // A thousand sessions with all that comes with their requests.
    expect((await memoryInUse()).heapUsed - before).toBeLessThan(2 * 2 ** 20);
  });

  describe("the stream on which a session listens", () => {
    const listen = (headers: Record<string, string>, key: string = keys.all) =>
      servers[0].fetch("/mcp", { key, headers: { accept: "text/event-stream", ...headers } });

    test("opens at once, for its client alone", async () => {
      const { id } = await beginSession(servers[1], keys.all);
      const response = await listen({ "mcp-session-id": id });
      expect(response.status).toBe(200);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
      });
      await response.body?.cancel();
      expect((await listen({})).status).toBe(400);
      expect((await listen({ "mcp-session-id": id }, keys.messages)).status).toBe(404);
      expect((await listen({ "mcp-session-id": id, accept: "application/json" })).status).toBe(406);
    });

    test("ends when the server stops, so that the client turns to another one", async () => {
      const server = await startServer(bridge.url);
      const { id } = await beginSession(server, keys.all);
      const headers = { accept: "text/event-stream", "mcp-session-id": id };
      const text = server.fetch("/mcp", { key: keys.all, headers }).then((response) => response.text());
      await vi.waitFor(async () => expect(Number(await server.metric('mcp_open_streams{transport="http"}'))).toBe(1));
      server.drain();
      expect(await text).toContain("retry: ");
      await server.close();
    });
  });
});
