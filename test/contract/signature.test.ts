import { describe, expect, test } from "vitest";
import {
  contentHashHeader,
  hashOf,
  sign,
  signatureHeader,
  signedHeaders,
  timestampHeader,
  verify,
} from "../../contract/signature.ts";

const secret = "a-secret-of-at-least-32-characters!";
const other = "another-secret-of-32-characters!!!!";
const body = '{"event_id":"1"}';
const request = { method: "POST", path: "/events" };
const headers = signedHeaders(secret, { ...request, timestampSeconds: 1000, body });
const good = { secrets: [secret], ...request, headers, nowSeconds: 1000 };

const accepted = { contentHash: hashOf(body) };

describe("signature", () => {
  test("equals HMAC-SHA256 over the lines timestamp, method, path and hash of the body", () => {
    // printf '{"event_id":"1"}' | sha256sum
    const contentHash = "b7503f236cd21c45ad90346edd9e476e129c894e30afeb770c38214a649cd493";
    expect(hashOf(body)).toBe(contentHash);
    // printf "1000\nPOST\n/events\n$contentHash" | openssl dgst -sha256 -hmac "$secret"
    expect(sign(secret, { ...request, timestampSeconds: 1000, contentHash })).toBe(
      "sha256=f5cf41c1bb2a505e58639abe7a60baf02cea0d0c3e136af511a6a4c88bab8b44",
    );
  });

  test("is the same for a body of bytes", () => {
    expect(signedHeaders(secret, { ...request, timestampSeconds: 1000, body: Buffer.from(body) })).toEqual(headers);
  });

  test("is accepted up to 300 seconds away from now, on both sides", () => {
    for (const nowSeconds of [1000, 1300, 700]) expect(verify({ ...good, nowSeconds })).toEqual(accepted);
    for (const nowSeconds of [1301, 699]) expect(verify({ ...good, nowSeconds })).toEqual({ refused: "old" });
  });

  test("is accepted with any of the secrets that count, and with no empty one", () => {
    expect(verify({ ...good, secrets: [other, secret] })).toEqual(accepted);
    const unsigned = signedHeaders("", { ...request, timestampSeconds: 1000, body });
    expect(verify({ ...good, headers: unsigned, secrets: [""] })).toEqual({ refused: "wrong" });
    expect(verify({ ...good, secrets: [] })).toEqual({ refused: "wrong" });
  });

  test.each([
    ["another secret", { secrets: [other] }, "wrong"],
    ["another method", { method: "PUT" }, "wrong"],
    ["another path", { path: "/status" }, "wrong"],
    ["another query", { path: "/events?x" }, "wrong"],
  ])("is refused for %s", (_case, change, refused) => {
    expect(verify({ ...good, ...change })).toEqual({ refused });
  });

  test.each([
    ["another body's hash", { [contentHashHeader]: hashOf("x") }, "wrong"],
    ["a fresh timestamp on an old signature", { [timestampHeader]: "1001" }, "wrong"],
    ["a timestamp that is no number", { [timestampHeader]: "1e3" }, "malformed"],
    ["a padded timestamp", { [timestampHeader]: " 1000" }, "malformed"],
    ["a missing timestamp", { [timestampHeader]: undefined }, "missing"],
    ["a missing signature", { [signatureHeader]: undefined }, "missing"],
    ["a missing hash", { [contentHashHeader]: undefined }, "missing"],
    ["a shorter signature", { [signatureHeader]: headers[signatureHeader]?.slice(0, -1) }, "malformed"],
    ["a signature without its prefix", { [signatureHeader]: headers[signatureHeader]?.slice(7) }, "malformed"],
    ["two signatures", { [signatureHeader]: ["a", "b"] }, "malformed"],
  ])("is refused with %s", (_case, change, refused) => {
    expect(verify({ ...good, headers: { ...headers, ...change } })).toEqual({ refused });
  });
});
