import { describe, expect, test } from "vitest";
import type { AttentionMode } from "../../../../contract/attention.ts";
import type { EventWeight } from "../../../../contract/event-types.ts";
import { type Decision, decide, weightOf } from "../../../../server/bridge/attention/decision.ts";

const quietHours = { start: "22:00", end: "07:00" };
const day = Date.UTC(2026, 0, 1, 12);
const night = Date.UTC(2026, 0, 1, 23);

describe("what becomes of a message", () => {
  test.each<[AttentionMode, EventWeight, Decision, Decision]>([
    ["nomad", "ordinary", "sound", "silent"],
    ["nomad", "essential", "sound", "silent"],
    ["nomad", "approval", "sound", "silent"],
    ["local", "ordinary", "silent", "silent"],
    ["local", "essential", "sound", "silent"],
    ["local", "approval", "sound", "silent"],
    ["muted", "ordinary", "dropped", "dropped"],
    ["muted", "essential", "dropped", "dropped"],
    ["muted", "approval", "silent", "silent"],
  ])("%s, %s: by day %s, in quiet hours %s", (mode, weight, byDay, byNight) => {
    const settings = { mode, quietHours, timeZone: "UTC" };
    expect(decide(weight, settings, day)).toBe(byDay);
    expect(decide(weight, settings, night)).toBe(byNight);
    expect(decide(weight, { ...settings, quietHours: undefined }, night)).toBe(byDay);
  });

  test.each<[string, Record<string, unknown>, EventWeight]>([
    ["approval_request", {}, "approval"],
    ["task_completion", {}, "essential"],
    ["error_occurred", {}, "essential"],
    ["info_notification", {}, "ordinary"],
    ["info_notification", { severity: "critical" }, "essential"],
    ["info_notification", { severity: ["critical"] }, "ordinary"],
    ["progress_update", { severity: "medium" }, "ordinary"],
    ["a word of somebody's own", {}, "ordinary"],
  ])("an event %s with %j is %s", (type, data, weight) => {
    expect(weightOf({ type, data })).toBe(weight);
  });
});
