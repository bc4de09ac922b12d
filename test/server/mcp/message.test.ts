import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readMessage } from "../../../server/mcp/message.ts";

const json = fc.jsonValue({ maxDepth: 4 });

/** Objects with the members of messages, each of them of any type, or not there. */
const almost = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 5, arbitrary: fc.constant("2.0") }, json),
    id: fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constant(null), json),
    method: fc.oneof(fc.string(), fc.constantFrom("ping", "__proto__", "constructor"), json),
    params: fc.oneof(fc.dictionary(fc.string(), json), json),
    result: fc.oneof(fc.dictionary(fc.string(), json), json),
    error: fc.oneof(fc.record({ code: fc.integer(), message: fc.string() }), json),
  },
  { requiredKeys: [] },
);

const anything = fc.oneof(json, almost, fc.array(almost));

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

describe("any JSON value", () => {
  test("is read as a message of one kind, with what that kind has", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const message = readMessage(value);
        switch (message.kind) {
          case "request":
            expect(["string", "number"]).toContain(typeof message.id);
            expect(typeof message.method).toBe("string");
            expect(isObject(message.params)).toBe(true);
            break;
          case "notification":
            expect(message).not.toHaveProperty("id");
            expect(typeof message.method).toBe("string");
            expect(isObject(message.params)).toBe(true);
            break;
          case "response":
            expect(["string", "number"]).toContain(typeof message.id);
            expect(isObject(message.result) !== isObject(message.error)).toBe(true);
            break;
          case "malformed":
            expect([-32600, -32602]).toContain(message.error.entry.jsonRpcCode);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("is taken for what it says when it is a message, and nothing else is", () => {
    fc.assert(
      fc.property(almost, (value) => {
        const { jsonrpc, id, method, params } = value;
        const { kind } = readMessage(value);
        const hasId = typeof id === "string" || Number.isSafeInteger(id);
        const isCall = jsonrpc === "2.0" && typeof method === "string" && (params === undefined || isObject(params));
        expect(kind === "request").toBe(isCall && hasId);
        expect(kind === "notification").toBe(isCall && id === undefined);
        if (jsonrpc !== "2.0") expect(kind).toBe("malformed");
      }),
      { numRuns: 3000 },
    );
  });

  test("that is no message is answered under its id, when it has a right one", () => {
    fc.assert(
      fc.property(almost, (value) => {
        const message = readMessage(value);
        if (message.kind !== "malformed" || message.id === undefined) return;
        expect(message.id).toBe(value.id);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([null, 1.5, 2 ** 53, Number.NaN, true, {}, [], "x".repeat(1025)])("has no id like %s", (id) => {
    const { kind, ...rest } = readMessage({ jsonrpc: "2.0", id, method: "ping" });
    expect(kind).toBe("malformed");
    expect(rest).toMatchObject({ id: undefined, error: { code: "INVALID_REQUEST" } });
  });
});
