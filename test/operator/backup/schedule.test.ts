import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dueRun,
  plannedRun,
  runAfter,
  runOfName,
  runUntil,
  scheduledName,
  scheduleProblem,
} from "../../../operator/deployment/backup/schedule.ts";
import { at } from "./support.ts";

const nightly = { schedule: "0 2 * * *", timeZone: "UTC" };

describe("a schedule", () => {
  test.each([
    ["before its first run of a day", "11-26T01:59", "11-25T02:00", "11-26T02:00"],
    ["in the minute of a run", "11-26T02:00", "11-26T02:00", "11-27T02:00"],
    ["after it", "11-26T12:00", "11-26T02:00", "11-27T02:00"],
  ])("%s knows the last run and the next", (_when, now, last, next) => {
    expect(runUntil(nightly, at(now))).toBe(at(last));
    expect(runAfter(nightly, at(now))).toBe(at(next));
  });

  test("runs at the hour of its time zone, once on days when clocks change", () => {
    const berlin = { schedule: "30 2 * * *", timeZone: "Europe/Berlin" };
    expect(runAfter(berlin, at("07-01T00:00"))).toBe(at("07-01T00:30"));
    expect(runAfter(berlin, at("12-01T00:00"))).toBe(at("12-01T01:30"));
    // Clocks go forward on 29 March and back on 25 October 2026.
    const runs = (from: string, to: string) => {
      const found: number[] = [];
      for (let run = runAfter(berlin, at(from)); run && run < at(to); run = runAfter(berlin, run)) found.push(run);
      return found.length;
    };
    expect(runs("03-28T00:00", "03-31T00:00")).toBe(3);
    expect(runs("10-24T00:00", "10-27T00:00")).toBe(3);
  });

  test("that cannot be used says why", () => {
    expect(scheduleProblem(nightly)).toBeUndefined();
    expect(scheduleProblem({ schedule: "0 25 * * *", timeZone: "UTC" })).toContain("hour");
    expect(scheduleProblem({ schedule: "0 2 30 2 *", timeZone: "UTC" })).toContain("never comes");
    expect(scheduleProblem({ schedule: "0 2 * * *", timeZone: "Nowhere/Town" })).toBe(
      "there is no time zone Nowhere/Town",
    );
  });
});

describe("the planned run", () => {
  const now = at("11-26T12:00");

  test("is the next one when nothing is recorded: a new schedule does not begin with what was before it", () => {
    expect(plannedRun(nightly, { now })).toBe(at("11-27T02:00"));
    expect(dueRun(nightly, undefined, now)).toBeUndefined();
  });

  test("stays the one that is recorded until there is a backup of it", () => {
    const recorded = at("11-26T02:00");
    expect(plannedRun(nightly, { recorded, now })).toBe(recorded);
    expect(plannedRun(nightly, { recorded, latest: at("11-25T02:00"), now })).toBe(recorded);
    expect(plannedRun(nightly, { recorded, latest: recorded, now })).toBe(at("11-27T02:00"));
  });

  test("is the next one when a clock that was ahead has recorded a later one", () => {
    expect(plannedRun(nightly, { recorded: at("11-30T02:00"), now })).toBe(at("11-27T02:00"));
    expect(plannedRun(nightly, { recorded: at("11-27T02:00"), now })).toBe(at("11-27T02:00"));
  });

  test("is another one when the schedule has changed, and the old one is not made up for", () => {
    const changed = { schedule: "0 3 * * *", timeZone: "UTC" };
    expect(plannedRun(changed, { recorded: at("11-26T02:00"), now })).toBe(at("11-27T03:00"));
    expect(dueRun(changed, at("11-26T02:00"), now)).toBeUndefined();
  });

  test("of an outage of days is made up for once, with the newest", () => {
    expect(dueRun(nightly, at("11-20T02:00"), now)).toBe(at("11-26T02:00"));
    expect(dueRun(nightly, at("11-27T02:00"), now)).toBeUndefined();
    expect(dueRun(nightly, at("11-26T02:00"), at("11-26T02:00"))).toBe(at("11-26T02:00"));
  });
});

test("whoever makes the backup of a run gives it the same name, and the run can be read from it", () => {
  expect(scheduledName("team", at("11-26T02:00"))).toBe("team-202611260200");
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3_000_000 }),
      fc.stringMatching(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$/),
      (day, name) => {
        const run = day * 60_000 + at("01-01T00:00");
        expect(runOfName(scheduledName(name, run))).toBe(run);
        expect(scheduledName(name, run).length).toBeLessThanOrEqual(55);
      },
    ),
  );
  expect(runOfName("before-the-upgrade")).toBeUndefined();
});
