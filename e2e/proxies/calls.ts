import { expect } from "vitest";
import type { Answer, Asking } from "./caller.ts";
import type { Stage } from "./stage.ts";

/** Requests with the key of the resource's client. */
export function withKeyOf(stage: Stage) {
  return (asking: Asking = {}): Asking => ({
    method: "POST",
    ...asking,
    headers: { "x-api-key": stage.setting().installation.key, "content-type": "application/json", ...asking.headers },
  });
}

/** The form of the server's errors, whether server or proxy answered. */
export function expectError({ text, headers }: Answer, code: string): void {
  expect(headers["content-type"]).toMatch(/^application\/json/);
  const error = JSON.parse(text);
  expect(error).toMatchObject({ error: true, code, message: expect.any(String), details: expect.any(Object) });
  expect(Date.parse(error.timestamp)).toBeGreaterThan(0);
  expect(error.request_id).toBe(headers["x-request-id"]);
}
