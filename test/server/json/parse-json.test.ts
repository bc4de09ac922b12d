import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../../server/json/parse-json.ts";

const limits = { depth: 5, members: 50 };

describe("JSON that anybody may have written", () => {
  test("is what JSON.parse makes of it, whatever stands in its strings", () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value, null, "\t")),
      fc
        .array(fc.constantFrom('"', "\\", "{", "[", ":", ",", "}", "\\\\", '\\"'))
        .map((parts) => JSON.stringify([parts.join("")])),
    );
    fc.assert(
      fc.property(text, (json) => {
        const { value, problem } = parseJson(json, { depth: 100, members: 100_000 });
        expect(value).toEqual(JSON.parse(json));
        expect(problem === undefined || problem.includes("__proto__")).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("is refused when it is deeper than the limit, and not before", () => {
    fc.assert(
      fc.property(fc.nat(12), fc.constantFrom("[]", '{"a":}'), (depth, form) => {
        const [open, close] = form === "[]" ? ["[", "]"] : ['{"a":', "}"];
        const { problem } = parseJson(`${open.repeat(depth)}1${close.repeat(depth)}`, limits);
        expect(problem).toBe(depth > 5 ? "it is nested more than 5 levels deep" : undefined);
      }),
    );
  });

  test("is refused when it holds more than the limit", () => {
    for (const [size, problem] of [
      [50, undefined],
      [51, "it holds more than 50 members"],
    ] as const) {
      expect(parseJson(JSON.stringify(Array(size).fill(1)), limits).problem).toBe(problem);
    }
  });

  test("with a name twice in one object is malformed, wherever that is and however it is written", () => {
    for (const json of [
      '{"id":1,"id":2}',
      '{"a":[{"b":1,"c":{},"b":{}}]}',
      '{"a":1,"\\u0061":2}',
      '{"":1,"":2}',
      '{"__proto__":1,"__proto__":2}',
    ]) {
      expect(() => parseJson(json)).toThrow(expect.objectContaining({ code: "MALFORMED_JSON" }));
    }
    expect(parseJson('{"a":{"a":1},"b":[{"a":1},{"a":2}]}').problem).toBeUndefined();
  });

  test("with __proto__ as a name is refused", () => {
    expect(parseJson('{"a":[{"\\u005f_proto__":1}]}').problem).toBe("it has a member named __proto__");
    expect(parseJson('{"a":"__proto__"}').problem).toBeUndefined();
  });

  test("of 100,000 levels exhausts nothing", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(parseJson(deep).problem).toContain("levels deep");
  });

  test("may begin with a byte order mark", () => {
    expect(parseJson("\ufeff{}").value).toEqual({});
    expect(() => parseJson("\ufeff\ufeff{}")).toThrow(expect.objectContaining({ code: "MALFORMED_JSON" }));
  });
});
