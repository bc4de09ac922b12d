import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { type Event, eventSchema } from "../../../contract/event.ts";
import { eventTypeNames } from "../../../contract/event-types.ts";
import type { Response } from "../../../contract/responses.ts";
import type { ResponseQuery } from "../../../server/bridge/receiving/responses.ts";
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
  client: { name: "claude", permissions: new Set() },
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

describe("send_task_completion", () => {
  test("tells results, duration and files under the task's id", async () => {
    const task = { task_id: "3f1c", title: "Refactor", results: "12 tests pass", duration_ms: 65_400 };
    expect(await call("send_task_completion", { ...task, files_affected: ["src/a.ts", "src/b.ts"] })).toMatchObject({
      message: "Task completion sent successfully. Event ID: id-1",
    });
    expect(sent.at(-1)).toEqual({
      ...envelope,
      task_id: "3f1c",
      type: "task_completion",
      title: "Refactor",
      description: ['Task "Refactor" completed successfully', "12 tests pass"].join("\n\n"),
      data: { status: "completed", duration_ms: 65_400, files_affected: ["src/a.ts", "src/b.ts"], files_count: 2 },
    });
  });

  test("needs no more than a task and a title", async () => {
    await call("send_task_completion", { task_id: "1", title: "t", results: null, files_affected: [] });
    expect(sent.at(-1)).toMatchObject({
      description: 'Task "t" completed successfully',
      data: { status: "completed" },
    });
  });

  test("whatever it takes is an event that the bridge takes, with as many files as there is room for", async () => {
    const most = { task_id: "x".repeat(100), title: "語".repeat(200), results: "語".repeat(10_000) };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary", maxLength: 400, size: "max" }), { maxLength: 60, size: "max" }),
        fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
        async (files_affected, duration_ms) => {
          await call("send_task_completion", { ...most, files_affected, duration_ms });
          eventSchema.parse(sent.at(-1));
        },
      ),
      { numRuns: 20 },
    );
    await call("send_task_completion", {
      ...most,
      files_affected: Array.from({ length: 1_000 }, () => "x".repeat(500)),
    });
    expect(sent.at(-1)?.data).toMatchObject({ files_affected: Array(27).fill("x".repeat(500)), files_count: 1_000 });
  });
});

describe("list_event_types", () => {
  const typesOf = async (args?: object) => {
    const { count, event_types } = await call("list_event_types", args);
    const types = (event_types as { type: string }[]).map(({ type }) => type);
    expect(count).toBe(types.length);
    return types;
  };

  test("lists all 47, each of which can be sent", async () => {
    expect(await typesOf()).toEqual(eventTypeNames);
    expect(await typesOf({ category: null })).toHaveLength(47);
  });

  test("finds a category by a part of its name in any case, and types where no category has it", async () => {
    expect(await typesOf({ category: "CODE op" })).toEqual(eventTypeNames.filter((type) => type.startsWith("code_")));
    expect(await typesOf({ category: "security" })).toEqual(["security_alert"]);
    expect(await typesOf({ category: "nothing such" })).toEqual([]);
  });
});

describe("what people said", () => {
  const now = context.clock();
  const said: Response[] = [];
  const asked: ResponseQuery[] = [];
  /** Newest first, as the bridge has them. */
  const bridge = localBridgeClient({
    ...idleBridge,
    responses(query) {
      asked.push(query);
      const { since, kind, before = Number.POSITIVE_INFINITY, limit } = query;
      const found = said.filter(({ id, at }) => id < before && Date.parse(at) >= since);
      return found.filter((each) => kind === undefined || each.kind === kind).slice(0, limit);
    },
    countResponses: ({ since }) => said.filter(({ at }) => Date.parse(at) >= since).length,
  });
  const common = { user_id: 1, username: "anna", first_name: "Anna", chat_id: 1, message_id: 9, event_id: null };
  const say = (kind: Response["kind"], text: string, minutesAgo = 1, over: Partial<Response> = {}) =>
    said.unshift({ ...common, id: said.length + 1, at: minutes(minutesAgo), kind, text, ...over });
  const minutes = (ago: number) => new Date(now - ago * 60_000).toISOString();

  beforeEach(() => {
    said.length = 0;
    asked.length = 0;
  });

  test("get_telegram_responses gives co8/cctelegram's keys, newest first, and ids beside them", async () => {
    say("text", "ship it", 3, { event_id: "e1", username: null });
    say("other", "", 2);
    say("click", "approve_7", 1, { message_id: null });
    const { message_id: _id, ...person } = common;
    expect(await call("get_telegram_responses", {}, { bridge })).toEqual({
      count: 3,
      total: 3,
      responses: [
        {
          ...person,
          id: 3,
          timestamp: minutes(1),
          callback_data: "approve_7",
          original_message_id: null,
          response_type: "callback_query",
        },
        { ...common, id: 2, timestamp: minutes(2), message_text: "[non-text message]", message_type: "other" },
        {
          ...common,
          id: 1,
          timestamp: minutes(3),
          event_id: "e1",
          username: null,
          message_text: "ship it",
          message_type: "text",
        },
      ],
    });
    expect(await call("get_telegram_responses", { limit: 1.9 }, { bridge })).toMatchObject({ count: 1, total: 3 });
    expect(asked.map(({ client, limit }) => [client, limit])).toEqual([
      ["claude", 10],
      ["claude", 1],
    ]);
  });

  test("process_pending_responses finds every decision in the time, however many there are", async () => {
    say("click", "approve_too old", 11);
    for (let n = 0; n < 240; n += 1) say("click", n % 3 === 0 ? `deny_${n}` : `approve_${n}`);
    say("text", "approve_this");
    say("click", "ack_1");
    say("click", "approve_");
    const result = await call("process_pending_responses", undefined, { bridge });
    expect(result.summary).toEqual({
      total_recent_responses: 243,
      actionable_responses: 241,
      pending_approvals: 161,
      pending_denials: 80,
      time_window_minutes: 10,
    });
    const decisions = result.actionable_responses as { task_id: string }[];
    expect(decisions.slice(0, 2)).toMatchObject([
      { action: "approve", task_id: "" },
      {
        action: "approve",
        task_id: "239",
        user_id: 1,
        username: "anna",
        response_data: { callback_data: "approve_239" },
      },
    ]);
    expect(new Set(decisions.map(({ task_id }) => task_id)).size).toBe(241);
    const before = await call("process_pending_responses", { since_minutes: 1440 }, { bridge });
    expect(before.summary).toMatchObject({ actionable_responses: 242, time_window_minutes: 1440 });
  });

  test("process_pending_responses says so when nobody decided", async () => {
    expect(await call("process_pending_responses", {}, { bridge })).toMatchObject({
      summary: { total_recent_responses: 0, actionable_responses: 0 },
      actionable_responses: [],
      recommendations: [expect.stringContaining("Nobody approved or denied anything in the last 10 minutes")],
    });
  });

  test.each([
    ["may do everything", new Set(["*"]), true],
    ["may do this", new Set(["clear_old_responses"]), false],
  ])("clear_old_responses of a client that %s", async (_who, permissions, unclaimed) => {
    const cleared: object[] = [];
    const clearing = localBridgeClient({
      ...idleBridge,
      clearResponses: async (each) => {
        cleared.push(each);
        return 4;
      },
    });
    const over = { bridge: clearing, client: { name: "claude", permissions } };
    expect(await call("clear_old_responses", undefined, over)).toEqual({
      deleted_count: 4,
      message: "Cleared 4 old responses",
    });
    await call("clear_old_responses", { older_than_hours: 1.5 }, over);
    expect(cleared).toEqual([
      { client: "claude", until: now - 24 * 3_600_000, unclaimed },
      { client: "claude", until: now - 1.5 * 3_600_000, unclaimed },
    ]);
  });

  test("a bridge whose file cannot be read or written is an error that may be tried again", async () => {
    const refuse = () => {
      throw new RefusedError("queue_unusable", "the disk is broken", 7);
    };
    const broken = localBridgeClient({ ...idleBridge, responses: refuse, clearResponses: refuse });
    for (const name of ["get_telegram_responses", "process_pending_responses", "clear_old_responses"]) {
      await expect(call(name, {}, { bridge: broken }), name).rejects.toMatchObject({ code: "BRIDGE_UNAVAILABLE" });
    }
  });
});

describe("get_bridge_status", () => {
  test("gives upstream's keys, and telegram and queue beside them", async () => {
    const { version: _version, uptime_seconds: _uptime, ...rest } = healthyStatus;
    expect(await call("get_bridge_status")).toEqual(rest);
  });

  test("says of a fenced bridge that it is, and since when", async () => {
    const fenced = { fenced: true, fenced_since: "2026-01-01T00:00:00Z" } as const;
    const bridge = { ...context.bridge, status: () => Promise.resolve({ ...healthyStatus, ...fenced }) };
    expect(await call("get_bridge_status", {}, { bridge })).toMatchObject(fenced);
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
    ["send_telegram_event", { ...event, type: "scaling_event" }, "type"],
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
    ["send_task_completion", { title: "t" }, "task_id"],
    ["send_task_completion", { task_id: "1", title: "t", results: "x".repeat(10_001) }, "results"],
    ["send_task_completion", { task_id: "1", title: "t", files_affected: "a.ts" }, "files_affected"],
    ["send_task_completion", { task_id: "1", title: "t", files_affected: Array(1_001).fill("a") }, "files_affected"],
    ["send_task_completion", { task_id: "1", title: "t", duration_ms: -1 }, "duration_ms"],
    ["get_telegram_responses", { limit: 0 }, "limit"],
    ["get_telegram_responses", { limit: 101 }, "limit"],
    ["get_telegram_responses", { limit: "10" }, "limit"],
    ["process_pending_responses", { since_minutes: 1441 }, "since_minutes"],
    ["clear_old_responses", { older_than_hours: 0 }, "older_than_hours"],
    ["clear_old_responses", { older_than_hours: 8761 }, "older_than_hours"],
    ["list_event_types", { category: "x".repeat(101) }, "category"],
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
