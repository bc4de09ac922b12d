import { describe, expect, test } from "vitest";
import { errors } from "../../contract/error-catalogue.ts";
import { ServerError, toServerError } from "../../contract/errors.ts";

describe("the error catalogue", () => {
  test.each(Object.entries(errors))("%s has codes that its transports allow", (_code, entry) => {
    expect(entry.httpStatus).toBeGreaterThanOrEqual(400);
    expect(entry.httpStatus).toBeLessThan(600);
    const reserved = entry.jsonRpcCode >= -32768 && entry.jsonRpcCode <= -32600;
    const own = entry.jsonRpcCode >= -32099 && entry.jsonRpcCode <= -32000;
    expect(reserved || own).toBe(true);
    expect(entry.retryable).toBe([429, 503, 504].includes(entry.httpStatus));
  });

  test("a message tells the details", () => {
    const error = new ServerError("UNKNOWN_TOOL", { tool: "nope" });
    expect(error.message).toBe("Unknown tool: nope");
    expect(error.entry.jsonRpcCode).toBe(-32602);
  });

  test("an unknown error does not show its text to the client", () => {
    const error = toServerError(new Error("password=hunter2"));
    expect(error.code).toBe("INTERNAL_ERROR");
    expect(error.message).not.toContain("hunter2");
  });
});
