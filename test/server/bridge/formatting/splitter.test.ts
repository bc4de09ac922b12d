import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { MESSAGE_LIMITS, split } from "../../../../server/bridge/formatting/splitter.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc
    .array(fc.constantFrom("word ", "line\n", "\n\n", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "\ud83d", "\ude00", "x", "ـ", "汉"))
    .map((parts) => parts.join("")),
);

const limits = fc.record({ units: fc.integer({ min: 2, max: 60 }), bytes: fc.integer({ min: 4, max: 120 }) });

describe("splitter", () => {
  test("the parts joined are the text, and no part exceeds a limit or is empty", () => {
    fc.assert(
      fc.property(anyText, limits, (text, limit) => {
        const parts = split(text, limit);
        expect(parts.join("")).toBe(text);
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0);
          expect(part.length).toBeLessThanOrEqual(limit.units);
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(limit.bytes);
        }
      }),
    );
  });

  test("no cut halves a surrogate pair", () => {
    fc.assert(
      fc.property(anyText, limits, (text, limit) => {
        const parts = split(text, limit);
        for (const [index, part] of parts.entries()) {
          const next = parts[index + 1] ?? "";
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
        for (const part of split(text, { units: 40, bytes: 200 })) {
          expect(boundaries.has(at)).toBe(true);
          at += part.length;
        }
      }),
    );
  });

  test("separators are sought within a part, however long the text is", () => {
    const search = vi.spyOn(String.prototype, "lastIndexOf");
    expect(split("x".repeat(40_000), { units: 100, bytes: 400 })).toHaveLength(400);
    const looked = search.mock.contexts.map((text) => String(text).length);
    search.mockRestore();
    expect(looked.length).toBeGreaterThan(399);
    expect(Math.max(...looked)).toBeLessThanOrEqual(100);
  });

  test("cuts fall after blank lines, lines and words when there are some", () => {
    const at = (text: string) => split(text, { units: 10, bytes: 100 });
    expect(at("aaaa b\n\ncc dd ee")).toEqual(["aaaa b\n\n", "cc dd ee"]);
    expect(at("aaaa bb\ncc dd ee")).toEqual(["aaaa bb\n", "cc dd ee"]);
    expect(at("aaaa bbb ccccc")).toEqual(["aaaa bbb ", "ccccc"]);
    expect(at("aaaaaaaaaaaaa")).toEqual(["aaaaaaaaaa", "aaa"]);
  });

  test("a text at Telegram's limit stays one message", () => {
    const text = "x".repeat(MESSAGE_LIMITS.units);
    expect(split(text, MESSAGE_LIMITS)).toEqual([text]);
    expect(split(`${text}y`, MESSAGE_LIMITS)).toHaveLength(2);
  });

  test("a megabyte in 256 parts costs no memory outside of the heap", () => {
    const text = "汉 ".repeat(2 ** 19);
    split(text, MESSAGE_LIMITS);
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 5; round += 1) expect(split(text, MESSAGE_LIMITS).length).toBeGreaterThanOrEqual(256);
    // Telling the segmenter the whole text for each cut would take 512 MB.
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  });

  test("the segmenter is given as much of a long text as of a short one for each cut", () => {
    const given: number[] = [];
    const { segment } = Intl.Segmenter.prototype;
    const spy = vi.spyOn(Intl.Segmenter.prototype, "segment").mockImplementation(function (this: Intl.Segmenter, text) {
      given.push(text.length);
      return segment.call(this, text);
    });
    const workFor = (units: number) => {
      given.length = 0;
      split("x".repeat(units), MESSAGE_LIMITS);
      return given.reduce((sum, length) => sum + length, 0);
    };
    const [once, twice] = [workFor(2 ** 18), workFor(2 ** 19)];
    spy.mockRestore();
    expect(once).toBeGreaterThan(0);
    expect(twice).toBeLessThanOrEqual(once * 2.1);
  });
});
