import fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "../../../operator/deployment/printable.ts";

test("whatever comes in, what comes out is short, well-formed and moves no cursor", () => {
  const anything = fc.oneof(fc.string({ unit: "binary", maxLength: 400 }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(anything, fc.integer({ min: 1, max: 300 }), (text, longest) => {
      const clean = printable(text, longest);
      expect(clean.length).toBeLessThanOrEqual(longest);
      expect(clean.isWellFormed()).toBe(true);
      expect(clean).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test("what is fit already stays as it is", () => {
  expect(printable("Telegram cannot be reached: 401 Unauthorized – grüß 👋", 256)).toBe(
    "Telegram cannot be reached: 401 Unauthorized – grüß 👋",
  );
});

test("what is cut ends in an ellipsis, and no character is halved", () => {
  expect(printable("abcdef", 4)).toBe("abc…");
  expect(printable(`ab👋cd`, 4)).toBe("ab…");
});
