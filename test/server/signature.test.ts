import { describe, expect, test } from "vitest";
import { sign, verify } from "../../server/signature.ts";

const secret = "a-secret-of-at-least-32-characters!";
const body = '{"event_id":"1"}';
const good = { secret, timestamp: "1000", signature: sign(secret, 1000, body), body, nowSeconds: 1000 };

describe("signature", () => {
  test("equals HMAC-SHA256 over timestamp, dot and body", () => {
    // printf '1000.{"event_id":"1"}' | openssl dgst -sha256 -hmac 'a-secret-of-at-least-32-characters!'
    expect(sign(secret, 1000, body)).toBe("sha256=0f8d07472555c18e3e11993d5d4920376194d12c590436a61c3c928efacfff5b");
  });

  test("is the same for a body of bytes", () => {
    expect(sign(secret, 1000, Buffer.from(body))).toBe(good.signature);
  });

  test("is accepted up to 300 seconds away from now, on both sides", () => {
    expect(verify(good)).toBe(true);
    expect(verify({ ...good, nowSeconds: 1300 })).toBe(true);
    expect(verify({ ...good, nowSeconds: 700 })).toBe(true);
    expect(verify({ ...good, nowSeconds: 1301 })).toBe(false);
    expect(verify({ ...good, nowSeconds: 699 })).toBe(false);
  });

  test.each([
    ["another body", { body: '{"event_id":"2"}' }],
    ["another secret", { secret: "another-secret-of-32-characters!!!!" }],
    ["a fresh timestamp on an old signature", { timestamp: "1001" }],
    ["a timestamp that is no number", { timestamp: "1e3" }],
    ["a missing timestamp", { timestamp: undefined }],
    ["a missing signature", { signature: undefined }],
    ["a shorter signature", { signature: good.signature.slice(0, -1) }],
    ["a signature without its prefix", { signature: good.signature.slice("sha256=".length) }],
  ])("is refused with %s", (_case, change) => {
    expect(verify({ ...good, ...change })).toBe(false);
  });
});
