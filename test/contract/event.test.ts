import { describe, expect, test } from "vitest";
import { eventSchema } from "../../contract/event.ts";
import { eventTypeNames } from "../../contract/event-types.ts";

const event = {
  event_id: "1",
  type: "info_notification",
  source: "test",
  client: "tester",
  timestamp: "2026-01-01T00:00:00Z",
  task_id: "1",
  title: "Grüße: 100 % 🎉",
  description: "x",
};

describe("event", () => {
  test("has co8/cctelegram's 47 types, all different", () => {
    expect(eventTypeNames).toHaveLength(47);
    expect(new Set(eventTypeNames).size).toBe(47);
  });

  test("may have any type and any Unicode title; its data defaults to nothing", () => {
    expect(eventSchema.parse({ ...event, type: "something_else" })).toEqual({
      ...event,
      type: "something_else",
      data: {},
    });
  });

  test.each([
    ["event_id", ""],
    ["event_id", "x".repeat(129)],
    ["timestamp", "yesterday"],
    ["title", "x".repeat(201)],
    ["description", ""],
    ["description", "x".repeat(16_001)],
    ["data", []],
    ["data", { a: "x".repeat(16_384) }],
    ["data", Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, index]))],
    ["data", JSON.parse(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)],
    ["data", JSON.parse('{"__proto__":{}}')],
    ["data", null],
  ])("is refused for a wrong %s", (field, value) => {
    const parsed = eventSchema.safeParse({ ...event, [field]: value });
    expect(parsed.error?.issues.map(({ path }) => path[0])).toEqual([field]);
  });
});
