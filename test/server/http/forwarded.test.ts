import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forwardedReader } from "../../../server/http/forwarded.ts";

type Request = Parameters<ReturnType<typeof forwardedReader>>[0];

const read = (
  headers: Record<string, string>,
  { from = "10.1.2.3", proxied = false, trustedProxies = [] as string[] } = {},
) => {
  const request = { headers, socket: { remoteAddress: from } } as unknown as Request;
  return forwardedReader({ trustedProxies, isProxied: () => proxied })(request);
};

const said = { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" };

describe("what is said of a client", () => {
  test("counts for nothing when anybody may have said it", () => {
    expect(read(said)).toEqual({ address: "10.1.2.3", scheme: "http" });
    expect(read(said, { trustedProxies: ["10.1.2.4", "fd00::/8"] })).toEqual({ address: "10.1.2.3", scheme: "http" });
  });

  test.each([
    ["on a connection of the proxy's", { proxied: true }],
    ["from a trusted address", { trustedProxies: ["10.1.2.3"] }],
    ["from a trusted network", { trustedProxies: ["10.1.0.0/16"] }],
    ["from a trusted network over a dual-stack socket", { from: "::ffff:10.1.2.3", trustedProxies: ["10.1.0.0/16"] }],
    ["from a trusted IPv6 network", { from: "fd00::1", trustedProxies: ["fd00::/8"] }],
  ])("is believed %s", (_where, options) => {
    expect(read(said, options)).toEqual({ address: "203.0.113.7", scheme: "https" });
  });

  test("by a client itself stands further left than what the proxy saw, and does not count", () => {
    const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
    expect(read(headers, { proxied: true }).address).toBe("203.0.113.7");
  });

  test("by a further hop counts when that one is trusted, too", () => {
    const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7, 172.16.0.9" };
    const trustedProxies = ["172.16.0.0/12"];
    expect(read(headers, { proxied: true, trustedProxies }).address).toBe("203.0.113.7");
    expect(read(headers, { proxied: true }).address).toBe("172.16.0.9");
  });

  test("of the scheme is the last word, and nothing else than https means https", () => {
    const scheme = (text: string) => read({ "x-forwarded-proto": text }, { proxied: true }).scheme;
    expect([scheme("http, https"), scheme("https, http"), scheme("HTTPS"), scheme("")]).toEqual([
      "https",
      "http",
      "http",
      "http",
    ]);
  });

  test("is no more than who connected where nothing was said", () => {
    expect(read({}, { proxied: true })).toEqual({ address: "10.1.2.3", scheme: "http" });
    expect(read({ "x-forwarded-for": "" }, { proxied: true }).address).toBe("10.1.2.3");
  });

  test("is never what stands left of the first address that is not trusted", () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[^,]{0,20}$/));
    fc.assert(
      fc.property(fc.array(hop), fc.ipV4(), (hops, last) => {
        const headers = { "x-forwarded-for": [...hops, last].join(",") };
        expect(read(headers, { proxied: true }).address).toBe(last);
      }),
    );
  });
});
