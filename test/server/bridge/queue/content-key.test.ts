import { expect, test } from "vitest";
import { contentKey } from "../../../../server/bridge/queue/content-key.ts";
import { eventOf } from "../support.ts";

const key = (id: string, fields: Parameters<typeof eventOf>[1] = {}) =>
  contentKey(eventOf(id, { title: "Same", ...fields })).toString("hex");

test("events that say the same have one key, whatever their ids, times and clients", () => {
  expect(key("b", { timestamp: "2026-03-04T05:06:07.000Z", client: "other" })).toBe(key("a"));
  expect(key("b", { task_id: "b" })).toBe(key("a", { task_id: "a" }));
});

test.each([
  [{ type: "task_failed" }],
  [{ title: "Other" }],
  [{ description: "other" }],
  [{ source: "other" }],
  [{ task_id: "another" }],
  [{ data: { status: "failed" } }],
])("one that says something else has another key: %j", (fields) => {
  expect(key("a", fields)).not.toBe(key("a"));
});
