import { expect, test } from "vitest";
import { priorityOf } from "../../../../server/bridge/pacing/priority.ts";

test.each([
  ["what the sender says", { type: "approval_request", data: { priority: "urgent" }, priority: "bulk" }, "bulk"],
  ["an approval", { type: "approval_request", data: {} }, "urgent"],
  ["what is critical", { type: "info_notification", data: { severity: "critical" } }, "urgent"],
  ["co8's urgent", { type: "info_notification", data: { priority: "urgent" } }, "urgent"],
  ["co8's high", { type: "info_notification", data: { priority: "high" } }, "urgent"],
  ["co8's low", { type: "task_failed", data: { priority: "low" } }, "bulk"],
  ["another word", { type: "task_failed", data: { priority: "constructor" } }, "normal"],
  ["anything else", { type: "task_failed", data: {} }, "normal"],
] as const)("%s", (_, event, priority) => {
  expect(priorityOf(event)).toBe(priority);
});
