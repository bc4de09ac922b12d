import { describe, expect, test } from "vitest";
import { quietHoursSchema } from "../../../../contract/quiet-hours.ts";
import { isQuiet } from "../../../../server/bridge/attention/quiet-time.ts";

const quietAt = (hours: string, zone: string, time: string) =>
  isQuiet(quietHoursSchema.parse(hours), zone, Date.parse(time));

describe("quiet hours", () => {
  test.each([
    ["begin at their first minute", "22:00-07:00", "2026-01-01T22:00:00Z", true],
    ["not before", "22:00-07:00", "2026-01-01T21:59:59.999Z", false],
    ["go over midnight", "22:00-07:00", "2026-01-02T00:00:00Z", true],
    ["last until the minute that they end with", "22:00-07:00", "2026-01-02T06:59:59.999Z", true],
    ["which is not quiet any more", "22:00-07:00", "2026-01-02T07:00:00Z", false],
    ["may lie within one day", "12:00-13:00", "2026-01-02T12:30:00Z", true],
    ["may end with the day", "18:00-24:00", "2026-01-02T23:59:59Z", true],
    ["and then do not reach into the next", "18:00-24:00", "2026-01-03T00:00:00Z", false],
    ["may be a whole day", "00:00-24:00 Thu", "2026-01-01T13:00:00Z", true],
    // 2026-01-02 is a Friday.
    ["of a day begin on that day", "22:00-07:00 Fri", "2026-01-02T23:00:00Z", true],
    ["and end on the next", "22:00-07:00 Fri", "2026-01-03T06:00:00Z", true],
    ["which has none of its own", "22:00-07:00 Fri", "2026-01-03T23:00:00Z", false],
    ["nor the morning of the day itself", "22:00-07:00 Fri", "2026-01-02T06:00:00Z", false],
    ["reach over the end of a week", "22:00-07:00 Sun", "2026-01-05T06:00:00Z", true],
  ])("%s", (_what, hours, time, expected) => {
    expect(quietAt(hours, "UTC", time)).toBe(expected);
  });

  test.each([
    ["in Berlin's winter", "Europe/Berlin", "2026-01-01T21:00:00Z", true],
    ["an hour later by UTC than in its summer", "Europe/Berlin", "2026-01-01T20:30:00Z", false],
    ["in Berlin's summer", "Europe/Berlin", "2026-07-01T20:00:00Z", true],
    ["in a zone with half hours", "Asia/Kolkata", "2026-01-01T16:30:00Z", true],
    ["not half an hour before", "Asia/Kolkata", "2026-01-01T16:29:59Z", false],
    ["on another day than UTC has", "Pacific/Auckland", "2026-01-01T09:00:00Z", true],
  ])("follow the clock of the zone: %s", (_what, zone, time, expected) => {
    expect(quietAt("22:00-07:00", zone, time)).toBe(expected);
  });

  // In Berlin 2026-03-29 has no 02:00 to 02:59, and 2026-10-25 has them twice.
  test.each([
    ["the minute before the clock is put forward is quiet", "2026-03-29T00:59:59Z", true],
    ["after it the night goes on", "2026-03-29T01:00:00Z", true],
    ["and ends at 07:00 by the new time", "2026-03-29T04:59:59Z", true],
    ["not an hour later", "2026-03-29T05:00:00Z", false],
    ["before the clock is put back the night ends at 07:00", "2026-10-24T05:00:00Z", false],
    ["after it too, an hour later by UTC", "2026-10-25T05:59:59Z", true],
    ["and not later", "2026-10-25T06:00:00Z", false],
  ])("over a change of the clock: %s", (_what, time, expected) => {
    expect(quietAt("22:00-07:00", "Europe/Berlin", time)).toBe(expected);
  });

  test("an hour that does not exist is never quiet, and one that comes twice is quiet twice", () => {
    const hours = "02:00-03:00";
    expect(quietAt(hours, "Europe/Berlin", "2026-03-29T00:59:59Z")).toBe(false);
    expect(quietAt(hours, "Europe/Berlin", "2026-03-29T01:00:00Z")).toBe(false);
    expect(quietAt(hours, "Europe/Berlin", "2026-10-25T00:30:00Z")).toBe(true);
    expect(quietAt(hours, "Europe/Berlin", "2026-10-25T01:30:00Z")).toBe(true);
    expect(quietAt(hours, "Europe/Berlin", "2026-10-25T02:30:00Z")).toBe(false);
  });

  test.each([
    "",
    "22:00",
    "22:00-22:00",
    "24:00-07:00",
    "7:00-8:00",
    "22:00-07:60",
    "22:00-07:00 Fri,Fri",
    "22:00-07:00 fri",
    "22:00-07:00  Fri",
    "22:00-07:00 Fri ",
  ])("are not %j", (text) => {
    expect(quietHoursSchema.safeParse(text).success).toBe(false);
  });
});
