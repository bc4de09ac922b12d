import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Event, eventSchema, eventTypeNames } from "../../../contract/event.ts";
import { RefusedError } from "../../../server/bridge/refused-error.ts";
import { localBridgeClient } from "../../../server/bridge-client/local-bridge-client.ts";
import { noInteraction } from "../../../server/features/interaction.ts";
import { tools } from "../../../server/tools/registry.ts";
import type { ToolContext } from "../../../server/tools/tool.ts";
import { listingOf } from "../../../server/tools/tool-listing.ts";
import { healthyStatus, idleBridge } from "../support/fake-bridge.ts";

const sent: Event[] = [];
const context: ToolContext = {
  bridge: localBridgeClient({
    ...idleBridge,
    accept: async (event) => {
      sent.push(event);
      return { event_id: event.event_id, messages: 1, duplicate: false };
    },
  }),
  client: { name: "claude" },
  interaction: noInteraction,
  clock: () => Date.UTC(2026, 0, 1),
  newId: () => "id-1",
};

async function call(name: string, args?: unknown, over: Partial<ToolContext> = {}) {
  const tool = tools.get(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const result = await tool.call(args, { ...context, ...over });
  if (!("structured" in result)) throw new Error(`${name} says something without a schema`);
  // What is promised to clients as outputSchema must hold, without anything beside it.
  expect(tool.output?.parse(result.structured)).toEqual(result.structured);
  return result.structured;
}

const envelope = {
  event_id: "id-1",
  task_id: "id-1",
  source: "claude-code",
  client: "claude",
  timestamp: "2026-01-01T00:00:00.000Z",
};

describe("send_telegram_message", () => {
  test("sends the text as information", async () => {
    expect(await call("send_telegram_message", { message: "hello" })).toEqual({
      success: true,
      event_id: "id-1",
      message: "Message sent successfully. Event ID: id-1",
    });
    expect(sent.at(-1)).toEqual({
      ...envelope,
      type: "info_notification",
      title: "Claude Code Message",
      description: "hello",
      data: {},
    });
  });

  test("warns when the message may not arrive although it was accepted", async () => {
    const bridge = localBridgeClient({
      ...idleBridge,
      accept: async ({ event_id }) => ({ event_id, messages: 1, duplicate: false, warnings: ["nobody listens"] }),
    });
    expect(await call("send_telegram_message", { message: "hello" }, { bridge })).toMatchObject({
      success: true,
      warning: "nobody listens",
    });
  });

  test("tells a client that it has used up its share of the queue", async () => {
    const accept = async () => {
      throw new RefusedError("client_quota", "25 messages of the client wait.", 30);
    };
    const bridge = localBridgeClient({ ...idleBridge, accept });
    await expect(call("send_telegram_message", { message: "hello" }, { bridge })).rejects.toMatchObject({
      code: "CLIENT_QUOTA_EXCEEDED",
      entry: { httpStatus: 429, retryable: true },
      details: { retry_after: 30 },
    });
  });

  test("takes 16,000 characters and a source, and drops what it does not know", async () => {
    await call("send_telegram_message", { message: "x".repeat(16_000), source: "ci_1", colour: "red" });
    expect(sent.at(-1)).toMatchObject({ source: "ci_1", description: "x".repeat(16_000) });
  });

  test("every text that it takes is one that the bridge takes, and that survives UTF-8", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 50 }), async (message) => {
        fc.pre(/\S/.test(message));
        await call("send_telegram_message", { message: `\ud800${message}` });
        const event = eventSchema.parse(sent.at(-1));
        expect(Buffer.from(event.description).toString()).toBe(event.description);
      }),
      { numRuns: 50 },
    );
  });
});

describe("send_telegram_event", () => {
  const event = { type: "build_failed", title: "Build: «main»/api & 日本語", description: "2 tests failed" };

  test("sends type, title and description as they are", async () => {
    expect(await call("send_telegram_event", event)).toMatchObject({
      message: "Event sent successfully. Event ID: id-1",
    });
    expect(sent.at(-1)).toEqual({ ...envelope, ...event, data: {} });
  });

  test("keeps a task's id, which need not be a UUID, apart from the event's", async () => {
    await call("send_telegram_event", { ...event, task_id: "build-001", data: { branch: "main", nested: [1] } });
    expect(sent.at(-1)).toMatchObject({
      event_id: "id-1",
      task_id: "build-001",
      data: { branch: "main", nested: [1] },
    });
  });

  test("takes every type of the catalogue", async () => {
    for (const type of eventTypeNames) await call("send_telegram_event", { ...event, type });
  });
});

describe("send_performance_alert", () => {
  test("tells value and threshold", async () => {
    expect(await call("send_performance_alert", { title: "CPU", current_value: 95.5, threshold: 80 })).toMatchObject({
      message: "Performance alert sent successfully. Event ID: id-1",
    });
    expect(sent.at(-1)).toEqual({
      ...envelope,
      type: "performance_alert",
      title: "CPU",
      description: "Performance threshold exceeded: CPU",
      data: {
        current_value: 95.5,
        threshold: 80,
        severity: "medium",
        error_message: "CPU is 95.5, which exceeds threshold of 80",
      },
    });
  });
});

describe("get_bridge_status", () => {
  test("gives upstream's keys, and telegram and queue beside them", async () => {
    const { version: _version, uptime_seconds: _uptime, ...rest } = healthyStatus;
    expect(await call("get_bridge_status")).toEqual(rest);
  });

  test("an unreachable bridge is a status, too", async () => {
    const bridge = { ...context.bridge, status: () => Promise.reject(new Error("gone")) };
    expect(await call("get_bridge_status", {}, { bridge })).toMatchObject({
      running: false,
      health: "unhealthy",
      metrics: { events_processed: 0 },
    });
  });
});

/** Objects inside each other. */
const nested = (depth: number): object => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);

describe("input as models write it", () => {
  const event = { type: "task_failed", title: "t", description: "d" };

  test("null for an optional field is the same as nothing", async () => {
    await call("send_telegram_event", { ...event, task_id: null, source: null, data: null });
    expect(sent.at(-1)).toEqual({ ...envelope, ...event, data: {} });
    await call("send_performance_alert", { title: "CPU", current_value: 2, threshold: 1, severity: null });
    expect(sent.at(-1)).toMatchObject({ data: { severity: "medium" } });
    await call("send_telegram_message", { message: "x", source: null, unknown: null });
  });

  test("an object may come as JSON text", async () => {
    await call("send_telegram_event", { ...event, data: ' {"branch":"main","tests":{"failed":2}}' });
    expect(sent.at(-1)).toMatchObject({ data: { branch: "main", tests: { failed: 2 } } });
    const error = await call("send_telegram_event", { ...event, data: "branch: main" }).catch((thrown) => thrown);
    expect(error.message).toContain("data: must be an object, or an object as JSON text");
  });

  test("a text that must be text stays text, even if it is JSON", async () => {
    await call("send_telegram_message", { message: '{"a":1}' });
    expect(sent.at(-1)).toMatchObject({ description: '{"a":1}' });
  });

  test("data up to its limits is taken", async () => {
    const data = { ...Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`k${i}`, i])), deep: nested(19) };
    await call("send_telegram_event", { ...event, data });
    expect(sent.at(-1)?.data).toEqual(data);
  });
});

describe("listed schemas", () => {
  // What Gemini and OpenAI both take (function declarations, structured outputs).
  const keywords = new Set([
    "type",
    "properties",
    "required",
    "items",
    "enum",
    "description",
    "default",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
  ]);

  function keywordsOf(schema: Record<string, unknown>): string[] {
    const { properties = {}, items } = schema as { properties?: Record<string, object>; items?: object };
    const inner = [...Object.values(properties), ...(items === undefined ? [] : [items])];
    return [...Object.keys(schema), ...inner.flatMap((each) => keywordsOf(each as Record<string, unknown>))];
  }

  test.each([...tools.values()].map((tool) => [tool.name, listingOf(tool)] as const))(
    "of %s use only keywords that the APIs of models take",
    (_name, { inputSchema, outputSchema }) => {
      const used = new Set([...keywordsOf(inputSchema), ...keywordsOf(outputSchema ?? {})]);
      expect([...used].filter((keyword) => !keywords.has(keyword))).toEqual([]);
      expect(JSON.stringify(inputSchema)).not.toContain('"type":[');
    },
  );
});

describe("input that is refused", () => {
  const event = { type: "task_started", title: "t", description: "d" };
  test.each<[string, unknown, string]>([
    ["send_telegram_message", undefined, "message"],
    ["send_telegram_message", { message: "" }, "message"],
    ["send_telegram_message", { message: " \n" }, "message"],
    ["send_telegram_message", { message: "x".repeat(16_001) }, "message"],
    ["send_telegram_message", { message: 5 }, "message"],
    ["send_telegram_message", { message: "x", source: "a b" }, "source"],
    ["send_telegram_message", { message: "x", source: "a".repeat(101) }, "source"],
    ["send_telegram_event", { ...event, type: "file_created" }, "type"],
    ["send_telegram_event", { ...event, title: "x".repeat(201) }, "title"],
    ["send_telegram_event", { ...event, description: "x".repeat(16_001) }, "description"],
    ["send_telegram_event", { ...event, task_id: "x".repeat(101) }, "task_id"],
    ["send_telegram_event", { ...event, data: [1] }, "data"],
    ["send_telegram_event", { ...event, data: "branch: main" }, "data"],
    ["send_telegram_event", { ...event, data: "[1]" }, "data"],
    ["send_telegram_event", { ...event, data: '{"a":' }, "data"],
    ["send_telegram_event", { ...event, data: { a: "x".repeat(16 * 1024) } }, "data"],
    [
      "send_telegram_event",
      { ...event, data: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, i])) },
      "data",
    ],
    ["send_telegram_event", { ...event, data: nested(21) }, "data"],
    ["send_telegram_event", { ...event, data: JSON.parse('{"a":{"__proto__":1}}') }, "data"],
    ["send_telegram_event", { ...event, title: null }, "title"],
    ["send_performance_alert", { title: "CPU", current_value: "95", threshold: 80 }, "current_value"],
    ["send_performance_alert", { title: "CPU", current_value: 95 }, "threshold"],
    ["send_performance_alert", { title: "CPU", current_value: 95, threshold: 80, severity: "huge" }, "severity"],
    ["send_telegram_message", ["message"], ""],
    ["get_bridge_status", "please", ""],
  ])("%s with %j names the field", async (name, args, field) => {
    const before = sent.length;
    const error = await call(name, args).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "VALIDATION_ERROR", details: { fields: [{ field }] } });
    expect(sent).toHaveLength(before);
  });
});

describe("a bridge in the same process", () => {
  test("its refusal is an error that may be tried again", async () => {
    const refuse = () => Promise.reject(new RefusedError("queue_full", "the queue is full", 7));
    const bridge = localBridgeClient({ ...idleBridge, accept: refuse });
    await expect(call("send_telegram_message", { message: "x" }, { bridge })).rejects.toMatchObject({
      code: "BRIDGE_UNAVAILABLE",
      details: { retry_after: 7 },
    });
  });
});

describe("names", () => {
  test("fit MCP's rule, and every tool stands under its own", () => {
    for (const [name, tool] of tools) {
      expect(name).toMatch(/^[A-Za-z0-9_.-]{1,128}$/);
      expect(tool.name).toBe(name);
    }
  });
});
