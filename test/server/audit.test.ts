import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { auditOf } from "./support/audit.ts";
import { type FakeBridge, startFakeBridge, threeTriesMs } from "./support/fake-bridge.ts";
import { connect, keys, startServer, type TestServer } from "./support/server.ts";
import { talk, WebSocketTransport, webSocketUrl } from "./support/web-socket.ts";

let bridge: FakeBridge;
let servers: TestServer[];

beforeEach(async () => {
  bridge = await startFakeBridge();
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await server.close();
  await bridge.close();
});

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startServer(bridge.url, env);
  servers.push(server);
  return server;
}

const name = "send_telegram_message";
const trace = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";
const traceparent = `00-${trace}-${span}-01`;
const send = (server: TestServer, key: string, json: unknown = { message: "the text" }, headers = {}) =>
  server.fetch(`/tools/${name}`, { key, json, headers });
/** Without the records of the start. */
const recordsOf = ({ log }: TestServer) => auditOf(log).filter(({ decision }) => decision !== "keys_loaded");

describe("the audit record of a call", () => {
  test("says who called which tool from where, what came of it, and under which ids; not what was sent", async () => {
    const server = await start();
    const answer = await send(server, keys.messages, undefined, { "x-request-id": "r-1", traceparent });
    const { event_id } = (await answer.json()) as { event_id: string };
    const record = {
      ...{ decision: "tool_call", outcome: "done", tool: name, client: "claude", client_ip: "127.0.0.1" },
      ...{ client_id: expect.stringMatching(/^[0-9a-f]{16}$/), transport: "rest", request_id: "r-1", event_id },
      ...{ trace_id: trace, parent_span_id: span, duration_ms: expect.any(Number) },
    };
    expect(recordsOf(server)).toEqual([record]);
    expect(server.logText()).not.toContain("the text");
  });

  test("is written whichever transport it came by", async () => {
    const server = await start();
    await send(server, keys.all);
    const http = await connect(server.url, keys.all);
    const meta = { _meta: { traceparent } };
    await http.callTool({ name, arguments: { message: "x" }, ...meta } as Parameters<Client["callTool"]>[0]);
    await http.close();
    const socket = new Client({ name: "test", version: "1" });
    await socket.connect(new WebSocketTransport(webSocketUrl(server.url), keys.all));
    await socket.callTool({ name, arguments: { message: "x" } });
    await socket.close();
    const records = recordsOf(server);
    expect(records.map(({ transport }) => transport)).toEqual(["rest", "http", "websocket"]);
    expect(records.map(({ trace_id }) => trace_id)).toEqual([undefined, trace, undefined]);
    expect(new Set(records.map(({ request_id }) => request_id)).size).toBe(3);
  });

  test("tells a refused one from a failed one", async () => {
    const server = await start({ BRIDGE_TIMEOUT: `${threeTriesMs}` });
    await send(server, keys.nothing);
    await server.fetch("/tools/launch_rocket", { key: keys.all, json: {} });
    await send(server, keys.all, { message: 7 });
    await bridge.close();
    await send(server, keys.all);
    bridge = await startFakeBridge();
    const calls = recordsOf(server).filter(({ decision }) => decision === "tool_call");
    expect(calls.map(({ tool, client, outcome, code }) => [tool, client, outcome, code])).toEqual([
      [name, "guest", "refused", "UNAUTHORIZED_TOOL"],
      [undefined, "admin", "refused", "UNKNOWN_TOOL"],
      [name, "admin", "refused", "VALIDATION_ERROR"],
      [name, "admin", "failed", expect.stringMatching(/^BRIDGE_/)],
    ]);
  });

  test("and of its limits and bans is written", async () => {
    const server = await start({ MCP_RATE_LIMIT_REQUESTS: "2", MCP_BAN_LIMITS: "2" });
    for (let count = 0; count < 5; count += 1) await server.fetch("/tools", { key: keys.all });
    const refusals = recordsOf(server).filter(({ outcome }) => outcome === "refused");
    expect(refusals.map(({ decision, code, reason, client }) => [decision, code, reason, client])).toEqual([
      ["limit", "RATE_LIMIT_EXCEEDED", undefined, "admin"],
      ["limit", "RATE_LIMIT_EXCEEDED", undefined, "admin"],
      ["limit", "RATE_LIMIT_EXCEEDED", "banned", "admin"],
    ]);
    expect(recordsOf(server)).toContainEqual(
      expect.objectContaining({ decision: "ban", outcome: "done", address: "127.0.0.1", client: "admin" }),
    );
  });

  test("has what was sent only when somebody wants that, and then no credentials", async () => {
    const server = await start({ SECURITY_AUDIT_LOG_CONTENT: "true" });
    const token = "123456789:AAExampleExampleExampleExampleExample";
    await send(server, keys.all, { message: `the text\n${token} ${"x".repeat(4000)}` });
    const [record] = recordsOf(server);
    expect(record?.arguments).toContain('{"message":"the text\\n[redacted]');
    expect(record?.arguments?.length).toBeLessThanOrEqual(4096);
    expect(server.logText()).not.toContain(token);
  });

  test.each(["info", "error", "fatal"])("is written at log level %s", async (LOG_LEVEL) => {
    const server = await start({ LOG_LEVEL });
    await send(server, keys.all);
    expect(recordsOf(server)).toHaveLength(1);
  });

  test("is written nowhere when nobody wants it", async () => {
    const server = await start({ SECURITY_AUDIT_LOG: "false" });
    expect((await send(server, keys.all)).status).toBe(200);
    expect(auditOf(server.log)).toEqual([]);
    expect(server.log.some(({ msg }) => msg === "tool called")).toBe(true);
  });

  test("cannot be forged by what a client sends", async () => {
    const server = await start();
    const forged = '","msg":"audit"}\n{"level":"info","decision":"ban_lifted","outcome":"done","msg":"audit"}\n';
    const path = `/tools/${encodeURIComponent(forged)}`;
    await server.fetch(path, {
      key: keys.all,
      json: {},
      headers: { "x-request-id": forged.replaceAll("\n", " "), traceparent: "00-x" },
    });
    const client = await connect(server.url, keys.all);
    await client.readResource({ uri: `cctelegram://${forged}` }).catch(() => undefined);
    await client.callTool({ name: forged, arguments: {} }).catch(() => undefined);
    await client.close();
    const records = recordsOf(server);
    expect(records.map(({ outcome }) => outcome)).toEqual(["refused", "refused", "refused"]);
    expect(records.map(({ tool, resource }) => tool ?? resource)).toEqual([undefined, undefined, undefined]);
    expect(JSON.stringify(records)).not.toContain("ban_lifted");
    expect(
      server
        .logText()
        .split("\n")
        .filter((line) => line.endsWith('"msg":"audit"}')),
    ).toHaveLength(auditOf(server.log).length);
  });
});

describe("the audit log", () => {
  test("has who read which resource, and who tried to", async () => {
    const server = await start();
    await server.fetch("/resources/cctelegram?resource=event-types", { key: keys.all });
    await server.fetch("/resources/cctelegram?resource=nothing", { key: keys.messages });
    const client = await connect(server.url, keys.messages);
    await client.readResource({ uri: "cctelegram://event-types" });
    await client.close();
    expect(recordsOf(server)).toMatchObject([
      { decision: "resource_read", outcome: "done", resource: "cctelegram://event-types", client: "admin" },
      {
        decision: "resource_read",
        outcome: "refused",
        code: "RESOURCE_NOT_FOUND",
        client: "claude",
        transport: "rest",
      },
      { decision: "resource_read", outcome: "done", resource: "cctelegram://event-types", transport: "http" },
    ]);
  });

  test("has who looked at approvals and took them back", async () => {
    const server = await start();
    await server.fetch("/approvals", { key: keys.messages });
    await server.fetch("/approvals/a-1", { key: keys.all });
    await server.fetch("/approvals/a-1", { key: keys.all, method: "DELETE" });
    const records = recordsOf(server).filter(({ decision }) => decision.startsWith("approval"));
    expect(records).toMatchObject([
      { decision: "approval_read", outcome: "refused", code: "UNAUTHORIZED_TOOL", client: "claude" },
      { decision: "approval_read", outcome: "refused", code: "EVENT_NOT_FOUND", client: "admin" },
      { decision: "approval_withdrawal", outcome: "refused", code: "EVENT_NOT_FOUND", client: "admin" },
    ]);
  });

  test("has refused strangers, but not so many that they push out the rest", async () => {
    const server = await start();
    for (let count = 0; count < 50; count += 1) await server.fetch("/tools", { key: "a-wrong-key-of-some-length" });
    await talk(server.url).then(({ socket }) => socket.terminate());
    const records = recordsOf(server).filter(({ decision }) => decision === "authentication");
    expect(records).toHaveLength(10);
    expect(records[0]).toMatchObject({
      outcome: "refused",
      code: "AUTHENTICATION_ERROR",
      client_ip: "127.0.0.1",
      transport: "rest",
    });
    expect(server.logText()).not.toContain("a-wrong-key");
  });

  test("has whose keys were loaded, not the keys, and who lifted a ban", async () => {
    const server = await start({ MCP_BAN_FAILURES: "1" });
    expect(auditOf(server.log)[0]).toEqual({
      decision: "keys_loaded",
      outcome: "done",
      clients: ["admin", "claude", "guest"],
    });
    await server.fetch("/tools", { key: "a-wrong-key-of-some-length" });
    await server.fetch("/tools/lift_ban", { key: keys.all, json: { address: "127.0.0.1" } });
    await vi.waitFor(() =>
      expect(recordsOf(server)).toContainEqual({
        ...{ decision: "ban_lifted", outcome: "done", client: "admin", address: "127.0.0.1", count: 1 },
      }),
    );
    expect(recordsOf(server)).toContainEqual(expect.objectContaining({ decision: "tool_call", tool: "lift_ban" }));
    for (const key of Object.values(keys)) expect(server.logText()).not.toContain(key);
  });
});
