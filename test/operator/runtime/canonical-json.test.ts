import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalHash, canonicalJson } from "../../../operator/runtime/canonical-json.ts";

/** The expected text, written for reading instead of for speed. */
function reference(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reference);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([, member]) => member !== null && !(Array.isArray(member) && member.length === 0),
  );
  return Object.fromEntries(kept.map(([name, member]) => [name, reference(member)]));
}

/** The same value with the members of every map in another order. */
function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => ({ name, member, place: random() }));
  entries.sort((a, b) => a.place - b.place);
  return Object.fromEntries(entries.map(({ name, member }) => [name, shuffled(member, random)]));
}

const values = fc.jsonValue({ maxDepth: 5 });

test("the order of members does not show, all else does, and the value stays as it was", () => {
  fc.assert(
    fc.property(values, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (value, stream) => {
      const before = JSON.stringify(value);
      const text = canonicalJson(value);
      // Through JSON, which has no -0.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(reference(value))));
      expect(canonicalJson(shuffled(value, () => stream.next().value))).toBe(text);
      expect(JSON.stringify(value)).toBe(before);
    }),
  );
});

test.each([
  ["members that are left out", { b: null, a: 1, c: [], d: undefined }, '{"a":1}'],
  ["order deep inside of what is in order", { a: { b: [{ d: 1, c: 2 }] }, e: 3 }, '{"a":{"b":[{"c":2,"d":1}]},"e":3}'],
  ["a list keeps its order and its null", [3, null, { b: 1, a: [] }], '[3,null,{"b":1}]'],
  ["a member called __proto__", JSON.parse('{"b":1,"__proto__":{"z":1,"a":2}}'), '{"__proto__":{"a":2,"z":1},"b":1}'],
  ["nothing at all", undefined, "null"],
])("%s", (_name, value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test("numbers as names count by their text too, whichever order they come in", () => {
  expect(canonicalJson({ 10: "a", 9: "b", x: 1 })).toBe(canonicalJson({ x: 1, 9: "b", 10: "a" }));
});

test("many members are put in order too", () => {
  const names = Array.from({ length: 500 }, (_, index) => `${index}`);
  const map = Object.fromEntries(names.map((name) => [`n${name}`, 1]));
  expect(Object.keys(JSON.parse(canonicalJson(map)))).toEqual(names.map((name) => `n${name}`).sort());
});

test("a hash is short, and another one for another value", () => {
  expect(canonicalHash({ a: 1, b: 2 })).toMatch(/^[\w-]{12}$/);
  expect(canonicalHash({ a: 1, b: 2 })).toBe(canonicalHash({ b: 2, a: 1 }));
  expect(canonicalHash({ a: 1, b: 2 })).not.toBe(canonicalHash({ a: 1, b: 3 }));
});
