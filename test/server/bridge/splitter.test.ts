import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FormattedText } from "../../../server/bridge/formatted-text.ts";
import { MESSAGE_LIMITS, split } from "../../../server/bridge/splitter.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc
    .array(fc.constantFrom("word ", "line\n", "\n\n", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "\ud83d", "\ude00", "x", "ـ", "汉"))
    .map((parts) => parts.join("")),
);

const input: fc.Arbitrary<FormattedText> = anyText.chain((text) =>
  fc.record({
    text: fc.constant(text),
    entities: fc.array(
      fc
        .tuple(fc.nat(text.length), fc.nat(text.length))
        .map(([a, b]) => ({ type: "bold" as const, offset: Math.min(a, b), length: Math.abs(a - b) })),
      { maxLength: 4 },
    ),
  }),
);

const limits = fc.record({ units: fc.integer({ min: 2, max: 60 }), bytes: fc.integer({ min: 4, max: 120 }) });

describe("splitter", () => {
  test("the parts joined are the text, and no part exceeds a limit or is empty", () => {
    fc.assert(
      fc.property(input, limits, (text, limit) => {
        const parts = split(text, limit);
        expect(parts.map((part) => part.text).join("")).toBe(text.text);
        for (const part of parts) {
          expect(part.text.length).toBeGreaterThan(0);
          expect(part.text.length).toBeLessThanOrEqual(limit.units);
          expect(Buffer.byteLength(part.text)).toBeLessThanOrEqual(limit.bytes);
        }
      }),
    );
  });

  test("no cut halves a surrogate pair", () => {
    fc.assert(
      fc.property(input, limits, (text, limit) => {
        const parts = split(text, limit);
        for (const [index, { text: part }] of parts.entries()) {
          const next = parts[index + 1]?.text ?? "";
          expect(/[\uD800-\uDBFF]$/.test(part) && /^[\uDC00-\uDFFF]/.test(next)).toBe(false);
        }
      }),
    );
  });

  test("no cut halves a grapheme that fits into a part", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        const boundaries = new Set([...new Intl.Segmenter().segment(text)].map(({ index }) => index));
        let at = 0;
        for (const part of split({ text, entities: [] }, { units: 40, bytes: 200 })) {
          expect(boundaries.has(at)).toBe(true);
          at += part.text.length;
        }
      }),
    );
  });

  test("entities cover the same characters after the cut", () => {
    fc.assert(
      fc.property(input, limits, (text, limit) => {
        const covered = text.entities.map(({ offset, length }) => text.text.slice(offset, offset + length));
        const parts = split(text, limit);
        const pieces = parts.flatMap((part) =>
          part.entities.map(({ offset, length }) => {
            expect(length).toBeGreaterThan(0);
            expect(offset + length).toBeLessThanOrEqual(part.text.length);
            return part.text.slice(offset, offset + length);
          }),
        );
        expect([...pieces.join("")].sort().join("").length).toBe(covered.join("").length);
      }),
    );
  });

  test("cuts fall after blank lines, lines and words when there are some", () => {
    const at = (text: string) => split({ text, entities: [] }, { units: 10, bytes: 100 }).map((part) => part.text);
    expect(at("aaaa b\n\ncc dd ee")).toEqual(["aaaa b\n\n", "cc dd ee"]);
    expect(at("aaaa bb\ncc dd ee")).toEqual(["aaaa bb\n", "cc dd ee"]);
    expect(at("aaaa bbb ccccc")).toEqual(["aaaa bbb ", "ccccc"]);
    expect(at("aaaaaaaaaaaaa")).toEqual(["aaaaaaaaaa", "aaa"]);
  });

  test("a text at Telegram's limit stays one message", () => {
    const text = "x".repeat(MESSAGE_LIMITS.units);
    expect(split({ text, entities: [] })).toEqual([{ text, entities: [] }]);
    expect(split({ text: `${text}y`, entities: [] })).toHaveLength(2);
  });
});
