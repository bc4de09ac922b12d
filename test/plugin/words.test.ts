import { describe, expect, test } from "vitest";
import { durationOf } from "../../plugin/input.ts";
import { nearName } from "../../plugin/near-name.ts";
import { span } from "../../plugin/rendering/age.ts";
import { printable } from "../../plugin/terminal/printable.ts";
import { styleFor } from "../../plugin/terminal/style.ts";

test("the nearest name is offered, and none that is not near", () => {
  expect(nearName("taem", ["team", "other"])).toBe("team");
  expect(nearName("tea", ["team-production"])).toBe("team-production");
  expect(nearName("xyz", ["team", "other"])).toBeUndefined();
  expect(nearName("team", [])).toBeUndefined();
});

test("durations are numbers with units", () => {
  expect(["90s", "5m", "1h30m", "2d"].map(durationOf)).toEqual([90_000, 300_000, 5_400_000, 172_800_000]);
  expect(["", "5", "m", "-5m", "5 m", "5y"].map(durationOf)).toEqual(Array(6).fill(undefined));
});

test("ages have one unit", () => {
  expect([0, 59_000, 119_000, 120_000, 7_200_000, 172_800_000, -5].map(span)).toEqual([
    "0s",
    "59s",
    "119s",
    "2m",
    "2h",
    "2d",
    "0s",
  ]);
});

test("text of others is one line without control characters", () => {
  expect(printable("a\r\nb\u001b[31mc\u0007d\u200be")).toBe("a bc\\u0007d\\u200be");
});

describe("colours", () => {
  test("are for terminals that take them", () => {
    expect(styleFor(true, {}).bad("x")).not.toBe("x");
    for (const [isTerminal, env] of [
      [false, {}],
      [true, { NO_COLOR: "1" }],
      [true, { TERM: "dumb" }],
    ] as const) {
      expect(styleFor(isTerminal, env).bad("x")).toBe("x");
    }
    expect(styleFor(true, { NO_COLOR: "" }).bad("x")).not.toBe("x");
  });
});
