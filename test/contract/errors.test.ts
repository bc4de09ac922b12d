import { describe, expect, test } from "vitest";
import { errors } from "../../contract/error-catalogue.ts";
import { bridgeMessage, ServerError, toServerError } from "../../contract/errors.ts";
import { RefusedError } from "../../server/bridge/refused-error.ts";

describe("the error catalogue", () => {
  test.each(Object.entries(errors))("%s has codes that its transports allow", (_code, entry) => {
    expect(entry.httpStatus).toBeGreaterThanOrEqual(400);
    expect(entry.httpStatus).toBeLessThan(600);
    // JSON-RPC 2.0, 5.1; MCP 2026-07-28, Error Codes; of our own are those outside of the range of either.
    const ofProtocols = [-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022];
    expect([...ofProtocols, entry.httpStatus]).toContain(entry.jsonRpcCode);
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

describe("what the bridge answers with", () => {
  // A server of the previous version still runs during an upgrade.
  test("keeps its codes and statuses", () => {
    const ofBridge = Object.entries(errors).filter(([, entry]) => "bridgeMessage" in entry);
    expect(Object.fromEntries(ofBridge.map(([code, { httpStatus }]) => [code, httpStatus]))).toEqual({
      SESSION_NAME_TAKEN: 409,
      UNKNOWN_SESSION: 404,
      CHAT_NOT_BOUND: 403,
      ATTACHMENT_NOT_FOUND: 404,
      ATTACHMENT_TOO_LARGE: 413,
      PAIRING_CODE_UNKNOWN: 404,
      VALIDATION_ERROR: 400,
      AUTHENTICATION_ERROR: 401,
      NOT_FOUND: 404,
      EVENT_NOT_FOUND: 404,
      DEAD_LETTER_NOT_FOUND: 404,
      PAYLOAD_TOO_LARGE: 413,
      APPROVAL_NOT_FOUND: 404,
      APPROVAL_CONFLICT: 409,
      APPROVALS_UNAVAILABLE: 409,
      RELAY_LIMIT_EXCEEDED: 413,
      UNKNOWN_PERSON: 400,
      CLIENT_QUOTA_EXCEEDED: 429,
      INTERNAL_ERROR: 500,
      BRIDGE_UNAVAILABLE: 503,
    });
  });

  test("has words of its own, which the server passes on", () => {
    expect(bridgeMessage("AUTHENTICATION_ERROR", { reason: "old" })).toBe(
      "The request's signature does not count: old.",
    );
    expect(bridgeMessage("BRIDGE_UNAVAILABLE", { problem: "The queue is full." })).toBe("The queue is full.");
    expect(new RefusedError("client_quota", "", 1).code).toBe("CLIENT_QUOTA_EXCEEDED");
    expect(new RefusedError("queue_full", "", 1).code).toBe("BRIDGE_UNAVAILABLE");
  });
});
