import { describe, expect, test } from "vitest";
import { scrubber, shownObject } from "../../plugin/report/scrub.ts";

const secret = 'p"ss/wörd+with odd=characters';

describe("a known secret is taken out", () => {
  const clean = scrubber([secret, `${"a".repeat(40)}\n`]);
  const forms = [
    secret,
    JSON.stringify({ secret }),
    `x?key=${encodeURIComponent(secret)}`,
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
    `${"a".repeat(40)} without its line end`,
  ];
  test.each(forms)("as %s", (form) => {
    const cleaned = clean(`before ${form} after`);
    expect(cleaned).toContain("[removed]");
    expect(cleaned).not.toContain(secret);
    expect(cleaned).not.toContain("a".repeat(40));
    expect(cleaned).toMatch(/^before .*after$/);
  });

  test("a short value takes no innocent words with it", () => {
    expect(scrubber(["on", "", "x"])("one fox on the run")).toBe("one fox on the run");
  });
});

describe("what looks like a secret is taken out, though nobody knows it", () => {
  const clean = scrubber([]);
  test.each([
    ["a bot's token", "https://api.telegram.org/bot123456789:AAabcdefghijklmnopqrstuvwxyz0123456/getMe"],
    ["a bearer token", "authorization: Bearer abcdefgh12345678"],
    ["a key in a header", '"x-api-key":"abcdefgh12345678"'],
    ["a generated key", `key ${"0123456789abcdef".repeat(4)} leaked`],
    ["a password in a URL", "http://user:hunter2@proxy:3128"],
    ["a token of Kubernetes", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl"],
    ["a private key", "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----"],
    ["a key of age", "AGE-SECRET-KEY-1QQPQ0Z"],
  ])("%s", (_what, text) => {
    expect(clean(text)).toContain("[removed]");
    expect(clean(text)).not.toMatch(/AAabc|abcdefgh12|0123456789abcdef0|hunter2|eyJ|MIIE|QQPQ/);
  });

  test("but not the digest of an image, nor an id", () => {
    const text = `image x@sha256:${"0123456789abcdef".repeat(4)} event 8a6e0b2b-a2d1-4f25-a842-77d86f628f6f`;
    expect(clean(text)).toBe(text);
  });
});

describe("an object in a report", () => {
  test("shows of a Secret the sizes, and nothing that kubectl apply remembers", () => {
    const shown = shownObject({
      kind: "Secret",
      metadata: {
        name: "telegram",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": secret, mine: "yes" },
        managedFields: [{ manager: "x" }],
      },
      data: { token: Buffer.from(secret).toString("base64") },
    });
    expect(shown).toEqual({
      kind: "Secret",
      metadata: { name: "telegram", annotations: { mine: "yes" } },
      data: { token: "30 bytes" },
    });
  });

  test("has no value of a variable whose name tells of a secret, wherever it stands", () => {
    const env = [
      { name: "HTTP_PASSWORD", value: "hunter2" },
      { name: "LOG_LEVEL", value: "info" },
      { name: "HMAC_SECRET_FILE", value: "/etc/hmac/secret" },
      { name: "MCP_ENABLE_AUTH", value: "true" },
    ];
    const pod = { kind: "Pod", metadata: {}, spec: { containers: [{ name: "server", env }] } };
    const text = JSON.stringify(shownObject(pod));
    expect(text).not.toContain("hunter2");
    for (const kept of ["info", "/etc/hmac/secret", "true", "HTTP_PASSWORD"]) expect(text).toContain(kept);
  });
});
