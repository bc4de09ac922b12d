import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type Features, features } from "../../../server/features/features.ts";
import { defineContentTool } from "../../../server/tools/tool.ts";
import { type FakeBridge, reply, startFakeBridge, threeTriesMs } from "../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

/**
 * Each error that co8/cctelegram documents for HTTP, with its status and details (docs/mcp-server/api/errors.md and openapi.yaml there),
 * and what the server answers in that case. docs/server.md says why some have another code.
 */
type Row = {
  readonly upstream: string;
  readonly status: number;
  readonly code: string;
  readonly details?: object;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly ask: (server: TestServer) => Promise<Response>;
  readonly env?: Readonly<Record<string, string>>;
  readonly features?: Features;
  readonly bridge?: (bridge: FakeBridge) => void;
};

const call =
  (name: string, json: object, key: string = keys.all) =>
  (server: TestServer) =>
    server.fetch(`/tools/${name}`, { key, json });
const event = { type: "build_failed", title: "t", description: "d" };
const anyNumber = expect.any(Number);
const anyTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const brokenTool = defineContentTool({
  name: "break",
  title: "Break",
  description: "Breaks.",
  permission: "break",
  rest: ["POST"],
  cost: 1,
  input: z.object({}),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  handler: () => Promise.reject(new Error("the password is hunter2")),
});

const asking = async (times: number, ask: () => Promise<Response>): Promise<Response> => {
  for (let i = 1; i < times; i++) await ask();
  return ask();
};

const rows: readonly Row[] = [
  {
    upstream: "AUTHENTICATION_ERROR, no key",
    status: 401,
    code: "AUTHENTICATION_ERROR",
    headers: { "www-authenticate": 'Bearer realm="cctelegram"' },
    ask: (server) => server.fetch("/tools"),
  },
  {
    upstream: "INVALID_API_KEY",
    status: 401,
    code: "AUTHENTICATION_ERROR",
    details: { reason: "The API key is not valid." },
    ask: (server) => server.fetch("/tools", { key: "short" }),
  },
  {
    upstream: "UNAUTHORIZED_TOOL",
    status: 403,
    code: "UNAUTHORIZED_TOOL",
    details: { tool_name: "send_telegram_event", required_permission: "send_telegram_event" },
    ask: call("send_telegram_event", event, keys.nothing),
  },
  {
    upstream: "VALIDATION_ERROR",
    status: 400,
    code: "VALIDATION_ERROR",
    details: { field: "title", reason: expect.stringContaining("200"), current_length: 250, max_length: 200 },
    ask: call("send_telegram_event", { ...event, title: "x".repeat(250) }),
  },
  {
    upstream: "MISSING_REQUIRED_FIELD",
    status: 400,
    code: "VALIDATION_ERROR",
    details: {
      specific_code: "MISSING_REQUIRED_FIELD",
      field: "description",
      required_fields: ["type", "title", "description"],
    },
    ask: call("send_telegram_event", { type: "build_failed", title: "t" }),
  },
  {
    upstream: "INVALID_EVENT_TYPE",
    status: 400,
    code: "VALIDATION_ERROR",
    details: {
      specific_code: "INVALID_EVENT_TYPE",
      provided_type: "invalid_event_type",
      available_types: expect.arrayContaining(["task_completion", "performance_alert", "approval_request"]),
    },
    ask: call("send_telegram_event", { ...event, type: "invalid_event_type" }),
  },
  {
    upstream: "INVALID_PARAMETER",
    status: 400,
    code: "VALIDATION_ERROR",
    details: { specific_code: "INVALID_PARAMETER", parameter: "limit", provided_value: 1500, valid_range: "1-100" },
    ask: call("get_telegram_responses", { limit: 1500 }),
  },
  {
    upstream: "a body that is not JSON",
    status: 400,
    code: "MALFORMED_JSON",
    ask: (server) =>
      server.fetch("/tools/get_bridge_status", {
        method: "POST",
        key: keys.all,
        headers: { "content-type": "application/json" },
        body: "{",
      }),
  },
  {
    upstream: "an unknown tool",
    status: 404,
    code: "UNKNOWN_TOOL",
    details: { tool: "launch_rocket" },
    ask: call("launch_rocket", {}),
  },
  {
    upstream: "an unknown resource",
    status: 404,
    code: "RESOURCE_NOT_FOUND",
    details: { uri: "cctelegram://nothing" },
    ask: (server) => server.fetch("/resources/cctelegram?resource=nothing", { key: keys.all }),
  },
  { upstream: "an unknown path", status: 404, code: "NOT_FOUND", ask: (server) => server.fetch("/api/v1/tools") },
  {
    upstream: "another method",
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    headers: { allow: "POST" },
    ask: (server) => server.fetch("/tools/send_telegram_message", { key: keys.all }),
  },
  {
    upstream: "too large a body",
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
    details: { limit: "256 KiB" },
    ask: call("send_telegram_message", { message: "x".repeat(300_000) }),
  },
  {
    upstream: "RATE_LIMIT_EXCEEDED",
    status: 429,
    code: "RATE_LIMIT_EXCEEDED",
    details: {
      limit: 3,
      window: 60,
      current_requests: 5,
      retry_after: anyNumber,
      reset_time: anyTime,
      limit_type: "client",
    },
    headers: { "retry-after": expect.stringMatching(/^\d+$/), "x-ratelimit-remaining": "0" },
    env: { MCP_RATE_LIMIT_REQUESTS: "3" },
    ask: (server) => asking(5, () => server.fetch("/tools", { key: keys.all })),
  },
  {
    upstream: "TOO_MANY_REQUESTS, of all clients",
    status: 429,
    code: "RATE_LIMIT_EXCEEDED",
    details: { limit: 3, window: 60, retry_after: anyNumber, reset_time: anyTime, limit_type: "global" },
    headers: { "retry-after": expect.stringMatching(/^\d+$/), "x-ratelimit-global-remaining": "0" },
    env: { MCP_RATE_LIMIT_GLOBAL_REQUESTS: "3" },
    ask: (server) => asking(4, () => server.fetch("/tools", { key: keys.all })),
  },
  {
    upstream: "TOO_MANY_REQUESTS",
    status: 429,
    code: "RATE_LIMIT_EXCEEDED",
    details: { retry_after: anyNumber, limit_type: "address" },
    headers: { "retry-after": expect.stringMatching(/^\d+$/) },
    env: { MCP_RATE_LIMIT_REQUESTS: "3" },
    ask: (server) => asking(4, () => server.fetch("/tools", { key: "wrong-key-of-some-length" })),
  },
  {
    upstream: "TOO_MANY_REQUESTS, by the queue's share",
    status: 429,
    code: "CLIENT_QUOTA_EXCEEDED",
    details: { retry_after: 7 },
    headers: { "retry-after": "7" },
    bridge: (bridge) => {
      bridge.intercept = (_request, response) => {
        reply(response, 429, { error: true, message: "9 of 9 messages wait." }, { "retry-after": "7" });
        return true;
      };
    },
    ask: call("send_telegram_message", { message: "m" }),
  },
  {
    upstream: "BRIDGE_UNAVAILABLE",
    status: 503,
    code: "BRIDGE_UNAVAILABLE",
    details: { reason: "the queue is full", retry_after: 30 },
    headers: { "retry-after": "30" },
    bridge: (bridge) => {
      bridge.intercept = (_request, response) => {
        reply(response, 503, { error: true, message: "the queue is full" }, { "retry-after": "30" });
        return true;
      };
    },
    ask: call("send_telegram_message", { message: "m" }),
  },
  {
    upstream: "BRIDGE_CONNECTION_FAILED",
    status: 503,
    code: "BRIDGE_UNAVAILABLE",
    details: { reason: "it is not reachable" },
    env: { BRIDGE_TIMEOUT: `${threeTriesMs}`, BRIDGE_URL: "http://127.0.0.1:9" },
    ask: call("send_telegram_message", { message: "m" }),
  },
  {
    upstream: "BRIDGE_CONNECTION_FAILED, another secret",
    status: 502,
    code: "BRIDGE_REFUSED",
    env: { BRIDGE_TIMEOUT: `${threeTriesMs}`, HMAC_SECRET: "another-secret-of-32-characters!!" },
    ask: call("send_telegram_message", { message: "m" }),
  },
  {
    upstream: "TIMEOUT_ERROR",
    status: 504,
    code: "TIMEOUT_ERROR",
    details: { timeout_ms: 300, operation: "POST /events" },
    env: { BRIDGE_TIMEOUT: "300" },
    bridge: (bridge) => {
      bridge.intercept = () => true;
    },
    ask: call("send_telegram_message", { message: "m" }),
  },
  {
    upstream: "INTERNAL_ERROR",
    status: 500,
    code: "INTERNAL_ERROR",
    features: { ...features, tools: new Map([["break", brokenTool]]) },
    ask: call("break", {}),
  },
  {
    upstream: "PROCESSING_ERROR",
    status: 502,
    code: "BRIDGE_REFUSED",
    details: { reason: "it answered something unexpected" },
    bridge: (bridge) => {
      bridge.intercept = (_request, response) => {
        reply(response, 200, { what: "is this" });
        return true;
      };
    },
    ask: call("send_telegram_message", { message: "m" }),
  },
];

let bridge: FakeBridge;
let usual: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  usual = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1000" });
});

afterAll(async () => {
  await usual.close();
  await bridge.close();
});

describe("what co8/cctelegram documents as", () => {
  test.each(rows)("$upstream is $status $code", async ({ status, code, details = {}, headers = {}, ...row }) => {
    const { env, features } = row;
    const server = env || features ? await startServer(bridge.url, env, features) : usual;
    row.bridge?.(bridge);
    try {
      const answer = await row.ask(server);
      const text = await answer.text();
      expect(text).not.toContain("hunter2");
      const body = JSON.parse(text);
      expect(body).toEqual({
        error: true,
        code,
        message: expect.stringMatching(/\S/),
        details: expect.objectContaining(details),
        timestamp: anyTime,
        request_id: answer.headers.get("x-request-id"),
      });
      expect(answer.status).toBe(status);
      expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
    } finally {
      bridge.intercept = () => false;
      if (server !== usual) await server.close();
    }
  });
});

test("details repeat no text that a person wrote", async () => {
  const secret = "the password is hunter2";
  const calls = [
    call("send_telegram_event", { ...event, description: { secret } }),
    call("send_performance_alert", { title: "t", current_value: secret, threshold: 1 }),
    call("get_telegram_responses", { limit: [secret] }),
  ];
  for (const ask of calls) {
    const answer = await ask(usual);
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain("hunter2");
  }
});
