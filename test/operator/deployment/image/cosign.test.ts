import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isSigned, publicKey, signatureLayers, signatureTag } from "../../../../operator/deployment/image/cosign.ts";
import { cosignPair, signatureOf, statementOf } from "./support/signing.ts";

const digest = `sha256:${"a".repeat(64)}`;
const pair = cosignPair();
const key = publicKey(pair.pem)!;

const signed = (payload: Buffer) => ({ payload, signature: signatureOf(payload, pair) });

test("signatures are at a tag that is made from the digest", () => {
  expect(signatureTag(digest)).toBe(`sha256-${"a".repeat(64)}.sig`);
});

describe("a signature", () => {
  test("of the key about the digest counts", () => {
    expect(isSigned(digest, signed(statementOf(digest)), [key])).toBe(true);
  });

  test.each([
    ["about another digest", signed(statementOf(`sha256:${"b".repeat(64)}`))],
    ["about something else than an image", signed(statementOf(digest, { type: "atomic container signature" }))],
    ["of something that is no statement", signed(Buffer.from("hello"))],
    [
      "of a statement that was changed afterwards",
      { ...signed(statementOf("sha256:0")), payload: statementOf(digest) },
    ],
    ["that is no signature", { payload: statementOf(digest), signature: "AAAA" }],
    ["that is empty", { payload: statementOf(digest), signature: "" }],
  ])("%s does not count", (_, signature) => {
    expect(isSigned(digest, signature, [key])).toBe(false);
  });

  test("of another key does not count, nor without any key", () => {
    expect(isSigned(digest, signed(statementOf(digest)), [publicKey(cosignPair().pem)!])).toBe(false);
    expect(isSigned(digest, signed(statementOf(digest)), [])).toBe(false);
  });
});

describe("a key", () => {
  const pem = (type: "rsa" | "ed25519") => {
    const options = { modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" } } as const;
    return type === "rsa"
      ? generateKeyPairSync("rsa", { ...options, privateKeyEncoding: { type: "pkcs8", format: "pem" } }).publicKey
      : generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString();
  };

  test.each([
    ["RSA", pem("rsa")],
    ["Ed25519", pem("ed25519")],
    ["private", pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ["broken", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    ["empty", ""],
  ])("that is %s is refused", (_, text) => {
    expect(publicKey(text)).toBeUndefined();
  });
});

test("of a manifest of signatures only layers with a signature count", () => {
  const layer = { mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest, size: 200 };
  const annotations = { "dev.cosignproject.cosign/signature": "c2ln" };
  const layers = [{ ...layer, annotations }, layer, { ...layer, annotations, mediaType: "text/plain" }];
  expect(signatureLayers(JSON.stringify({ layers }))).toEqual([{ digest, size: 200, signature: "c2ln" }]);
  expect(() => signatureLayers("<html>")).toThrow();
});
