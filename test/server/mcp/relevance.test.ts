import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byRelevance } from "../../../server/mcp/relevance.ts";

describe("values that are offered", () => {
  test("are sorted by relevance: the beginning counts before a word, and a word before the middle", () => {
    const values = ["unready", "not ready", "Ready", "read", "re-read", "steady"];
    expect(byRelevance(values, "rea")).toEqual(["Ready", "read", "not ready", "re-read", "unready"]);
    expect(byRelevance(values, "READY")).toEqual(["Ready", "not ready", "unready"]);
    expect(byRelevance(values, "x")).toEqual([]);
  });

  test("are all, as they were given, when nothing is typed", () => {
    expect(byRelevance(["b", "a", ""], "")).toEqual(["b", "a", ""]);
  });

  test("are exactly those that have it somewhere, whatever is typed", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "B", "-", " ", "ü"), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(text), text, (values, typed) => {
        const fitting = values.filter((value) => value.toLowerCase().includes(typed.toLowerCase()));
        expect([...byRelevance(values, typed)].sort()).toEqual(fitting.sort());
      }),
    );
  });
});
