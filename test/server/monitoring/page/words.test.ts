import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activityKinds, type History, seriesNames } from "../../../../contract/monitoring.ts";
import { activityGroups, inGroup, keyed } from "../../../../server/monitoring/page/app/words/activity-words.ts";
import { coarser } from "../../../../server/monitoring/page/app/words/coarser.ts";
import { countText, mebibytesText, numberText } from "../../../../server/monitoring/page/app/words/numbers.ts";
import {
  clockText,
  durationText,
  millisecondsText,
  secondsBetween,
} from "../../../../server/monitoring/page/app/words/times.ts";
import { visibleText } from "../../../../server/monitoring/page/app/words/visible-text.ts";

describe("a text of others", () => {
  test.each([
    ["invoice\u202Egpj.exe", "invoice⟨U+202E⟩gpj.exe"],
    ["a\u0000b\nc\u007F", "a⟨U+0000⟩b⟨U+000A⟩c⟨U+007F⟩"],
    ["zero\u200Bwidth\uFEFF", "zero⟨U+200B⟩width⟨U+FEFF⟩"],
    ["two\u2028lines", "two⟨U+2028⟩lines"],
    ["half \uD83D", "half \uFFFD"],
    ["hidden \u{E0041}", "hidden ⟨U+E0041⟩"],
    [`z${"\u0301".repeat(40)}`, `z${"\u0301".repeat(4)}…`],
    ["a\u200Db", "a⟨U+200D⟩b"],
    ["\u{F0000}", "⟨U+F0000⟩"],
  ])("%j shows what it hides", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test.each(["Grüße, שלום, مرحبا, 你好", "👩‍👩‍👧 🏳️‍🌈 👍🏽", "\u0915\u094D\u0937", "<b>&amp;"])(
    "%s stays as it is",
    (text) => {
      expect(visibleText(text)).toBe(text);
    },
  );

  test("never has a control, and is always well-formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = visibleText(text);
        expect(shown.replaceAll("\u200D", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(shown.isWellFormed()).toBe(true);
      }),
    );
  });
});

test.each([
  [0, "0 s"],
  [0.9, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [7_384, "2 h 3 min"],
  [86_400, "1 d"],
  [93_600, "1 d 2 h"],
  [-5, "0 s"],
])("%d seconds are %s", (seconds, words) => {
  expect(durationText(seconds)).toBe(words);
});

test.each([
  [81.6, "82 ms"],
  [3_100, "3.1 s"],
  [125_000, "2 min 5 s"],
])("%d milliseconds are %s", (milliseconds, words) => {
  expect(millisecondsText(milliseconds)).toBe(words);
});

test("times that cannot be read, or lie ahead, make no nonsense", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  expect(secondsBetween("never", now)).toBe(0);
  expect(secondsBetween("2026-11-26T12:00:05Z", now)).toBe(0);
  expect(secondsBetween("2026-11-26T11:59:00Z", now)).toBe(60);
  expect(clockText("never", now)).toBe("never");
  expect(clockText("2026-11-26T11:59:00Z", now)).toMatch(/^\d\d:59:00$/);
  expect(clockText("2025-01-02T12:00:00Z", now)).toMatch(/^2025-01-0[123] \d\d:00:00$/);
});

test("numbers and counts are told as people write them", () => {
  expect([numberText(9_214), numberText(412.55), countText(1, "message"), countText(2, "retry", "retries")]).toEqual([
    "9,214",
    "412.6",
    "1 message",
    "2 retries",
  ]);
  expect(mebibytesText(118_489_088)).toBe("113 MiB");
});

describe("a history in fewer rows", () => {
  const historyOf = (values: readonly (number | null)[]): History => ({
    from: 1_000,
    step_seconds: 60,
    series: Object.fromEntries(seriesNames.map((name) => [name, values])) as History["series"],
  });

  test("adds up counts, keeps the highest of gauges, and knows what is not known", () => {
    const rows = coarser(historyOf([1, 2, null, null, 5]), 3);
    expect(rows.map(({ from, values }) => [from, values.delivered, values.pending])).toEqual([
      [1_240, 5, 5],
      [1_120, null, null],
      [1_000, 3, 2],
    ]);
  });

  test("has never more rows than are wanted, and loses no count", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 300 }), fc.integer({ min: 1, max: 60 }), (values, most) => {
        const rows = coarser(historyOf(values), most);
        expect(rows.length).toBeLessThanOrEqual(most);
        const sum = rows.reduce((total, row) => total + (row.values.delivered ?? 0), 0);
        expect(sum).toBe(values.reduce((total, value) => total + value, 0));
      }),
    );
  });
});

describe("activities", () => {
  const one = { at: "2026-11-26T12:00:00Z", kind: "delivered" as const, text: "to Operations" };

  test("that are equal have keys of their own, which newer ones do not change", () => {
    const before = keyed([one, one]).map(([key]) => key);
    const after = keyed([{ ...one, at: "2026-11-26T12:00:01Z" }, one, one]).map(([key]) => key);
    expect(new Set(after).size).toBe(3);
    expect(after.slice(1)).toEqual(before);
  });

  test("of every kind are in a group that can be chosen", () => {
    for (const kind of activityKinds) {
      const groups = activityGroups.filter((group) => inGroup([{ ...one, kind }], group).length === 1);
      expect(groups.length, kind).toBeGreaterThan(1);
    }
  });
});
