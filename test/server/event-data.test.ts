import { describe, expect, test } from "vitest";
import { dataLimits, dataProblem, eventData } from "../../server/event-data.ts";

/** An object with another one inside, and so on, with so many in all. */
const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`);

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));

describe("the details of an event", () => {
  test.each([
    ["nothing", {}],
    ["upstream's fields", { results: "done", metadata: { percentage: 40 }, tags: ["a", null, true, 1.5] }],
    ["as many keys as it may have", keys(dataLimits.keys)],
    ["as deep as it may be", nested(dataLimits.depth)],
    ["a text that fills it", { a: "x".repeat(dataLimits.bytes - 20) }],
  ])("may be %s", (_what, data) => {
    expect(eventData.safeParse(data)).toEqual({ success: true, data });
  });

  test.each([
    ["a long text", { a: "x".repeat(dataLimits.bytes) }, /16384 bytes/],
    ["a long name", { ["x".repeat(dataLimits.bytes)]: 1 }, /bytes/],
    ["a long list", { a: Array.from({ length: dataLimits.bytes }, () => 1) }, /bytes/],
    ["a text whose bytes are more than its letters", { a: "汉".repeat(6_000) }, /bytes/],
    ["many keys", keys(dataLimits.keys + 1), /100 keys/],
    ["many keys in many objects", { a: Array.from({ length: 60 }, () => keys(2)) }, /100 keys/],
    ["one too deep", nested(dataLimits.depth + 1), /nested 8 deep/],
    ["one very deep", JSON.parse(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), /nested/],
    ["a list", [], /object/],
    ["null", null, /object/],
    ["a text", "{}", /object/],
  ])("may not be %s", (_what, data, problem) => {
    const [issue] = eventData.safeParse(data).error?.issues ?? [];
    expect(issue?.message).toMatch(problem);
  });

  test("is looked at no further than to the first limit", () => {
    let looked = 0;
    const watched = (index: number) => ({
      get a() {
        looked += 1;
        return index;
      },
    });
    expect(dataProblem({ list: Array.from({ length: 5_000 }, (_, index) => watched(index)) })).toMatch(/keys/);
    expect(looked).toBeLessThanOrEqual(dataLimits.keys + 1);
  });
});
