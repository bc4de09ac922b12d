import { describe, expect, test } from "vitest";
import { emptySchedules, maintenanceAt } from "../../../../operator/deployment/maintenance/windows.ts";

const at = (time: string) => Date.parse(time);
const saturdays = { schedule: "0 2 * * SAT", timeZone: "Europe/Berlin", durationMinutes: 120 };

test("without windows pods may be replaced at any time", () => {
  expect(maintenanceAt([], at("2026-01-01T00:00:00Z"))).toEqual({ state: "Open" });
});

test.each([
  ["a second before it begins", "2026-01-03T00:59:59Z", { state: "Closed", opensAt: at("2026-01-03T01:00:00Z") }],
  ["when it begins", "2026-01-03T01:00:00Z", { state: "Open" }],
  ["in its last second", "2026-01-03T02:59:59Z", { state: "Open" }],
  ["when it ends", "2026-01-03T03:00:00Z", { state: "Closed", opensAt: at("2026-01-10T01:00:00Z") }],
  ["in the week between", "2026-01-06T12:00:00Z", { state: "Closed", opensAt: at("2026-01-10T01:00:00Z") }],
  ["in summer time", "2026-07-03T12:00:00Z", { state: "Closed", opensAt: at("2026-07-04T00:00:00Z") }],
])("%s: of Saturdays at two in Berlin", (_when, now, expected) => {
  expect(maintenanceAt([saturdays], at(now))).toEqual(expected);
});

test("of several windows each one opens, and the next one counts", () => {
  const windows = [saturdays, { schedule: "30 4 1 * *", durationMinutes: 60 }];
  expect(maintenanceAt(windows, at("2026-02-01T05:00:00Z"))).toEqual({ state: "Open" });
  expect(maintenanceAt(windows, at("2026-01-31T12:00:00Z"))).toEqual({
    state: "Closed",
    opensAt: at("2026-02-01T04:30:00Z"),
  });
});

test("a window that is longer than the time until the next one never closes", () => {
  const always = { schedule: "0 * * * *", durationMinutes: 61 };
  for (const minute of ["00:00", "00:30", "00:59:59"]) {
    expect(maintenanceAt([always], at(`2026-01-01T${minute}Z`.replace("T00:00Z", "T00:00:00Z")))).toEqual({
      state: "Open",
    });
  }
});

test("when a window begins stays the same until it does", () => {
  const times = Array.from({ length: 498 }, (_, index) => at("2026-01-03T03:00:00Z") + index * 1_200_000);
  const found = times.map((time) => maintenanceAt([saturdays], time));
  expect(new Set(found.map((each) => JSON.stringify(each))).size).toBe(1);
});

describe("a schedule that names no time", () => {
  test.each(["0 2 31 2 *", "0 22-2 * * *", "nonsense"])("%s never opens, and is told", (schedule) => {
    const windows = [{ schedule, durationMinutes: 60 }];
    const now = at("2026-01-01T00:00:00Z");
    expect(maintenanceAt(windows, now)).toEqual({ state: "Closed", opensAt: undefined });
    expect(emptySchedules([...windows, saturdays], now)).toEqual([schedule]);
  });
});
