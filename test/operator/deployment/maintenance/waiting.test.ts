import fc from "fast-check";
import { expect, test } from "vitest";
import { untilWindow, waitingOf } from "../../../../operator/deployment/maintenance/waiting.ts";
import { maintenanceAt } from "../../../../operator/deployment/maintenance/windows.ts";

const nightly = { schedule: "0 2 * * *", timeZone: "Europe/Berlin", durationMinutes: 120 };
const opensAt = Date.parse("2026-01-03T01:00:00Z");

test("what was kept back is looked at again at once when its window has opened meanwhile", () => {
  const waiting = waitingOf(["bridge"], [nightly], opensAt + 20);
  expect(waiting).toEqual({ parts: ["bridge"], opensAt: opensAt + 20 });
  expect(untilWindow({ waiting }, opensAt + 20)).toBe(1);
});

test("nothing waits that was not kept back", () => {
  expect(waitingOf([], [nightly], opensAt - 20)).toBeUndefined();
  expect(untilWindow({ waiting: undefined }, opensAt)).toBeUndefined();
});

/** Times around the changes of clocks, by day and night, and in the middle of a second. */
const times = fc
  .tuple(
    fc.constantFrom("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01", "2026-12-31"),
    fc.integer({ min: -1440, max: 2880 }),
    fc.constantFrom(0, 1, 500, 999),
  )
  .map(([day, minutes, ms]) => Date.parse(`${day}T00:00:00Z`) + minutes * 60_000 + ms);

const windows = fc.array(
  fc.record({
    schedule: fc.constantFrom(
      "30 2 * * *",
      "0 0 * * *",
      "45 23 * * SAT,SUN",
      "30 1 * * *",
      "0 */6 * * *",
      "0 3 31 12 *",
    ),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"),
    durationMinutes: fc.constantFrom(5, 60, 180, 1500, 10_080),
  }),
  { minLength: 1, maxLength: 2 },
);

test("by its own timers alone, whatever is kept back goes on when the next window opens, also as clocks change", () => {
  fc.assert(
    fc.property(windows, times, fc.constantFrom(0, 3, 40), (all, from, passMs) => {
      const first = maintenanceAt(all, from);
      if (first.state === "Open" || first.opensAt === undefined) return;
      expect(maintenanceAt(all, first.opensAt - 1)).toEqual(first);
      expect(maintenanceAt(all, first.opensAt).state).toBe("Open");
      // The pass that keeps it back begins just before, and takes its time.
      let now = first.opensAt - 2;
      for (let pass = 0; maintenanceAt(all, now).state === "Closed"; pass += 1) {
        expect(pass).toBeLessThan(5);
        now += passMs;
        const ms = untilWindow({ waiting: waitingOf(["bridge"], all, now) }, now);
        expect(ms).toBeDefined();
        now += ms ?? 0;
      }
    }),
    { numRuns: 300 },
  );
});
