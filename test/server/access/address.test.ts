import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bannableAddress, networkOf } from "../../../server/access/address.ts";
import { clientAddress } from "../../../server/http/client-address.ts";

const of = (address: string, remoteAddress?: string) =>
  clientAddress({ forwarded: { address, scheme: "http" }, socket: { remoteAddress } } as Parameters<
    typeof clientAddress
  >[0]);

describe("the address of a client", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7:4711", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:203.0.113.7", "203.0.113.7"],
    ["::ffff:cb00:7107", "203.0.113.7"],
    ["0:0:0:0:0:ffff:cb00:7107", "203.0.113.7"],
    ["2001:DB8::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
  ])("is found in %s", (written, address) => {
    expect(of(written, "10.0.0.1")).toBe(address);
  });

  test.each(["unknown", "_hidden", "", "203.0.113", "203.0.113.7.8", "a client_ip=1.2.3.4", "x".repeat(10_000)])(
    "is that of the connection when a proxy reports %j",
    (written) => {
      expect(of(written, "::ffff:10.0.0.1")).toBe("10.0.0.1");
    },
  );

  test("is always an address or empty", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.ipV4(), fc.ipV6()), (written) => {
        const address = of(written);
        expect(address === "" || isIP(address) !== 0).toBe(true);
      }),
    );
  });
});

describe("the network of an address", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("is short for every address", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(networkOf(of(address)).length).toBeLessThan(30);
      }),
    );
  });
});

describe("an address that is banned", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:DB8::17", "2001:db8::17"],
    ["2001:db8:1:2::/64", "2001:db8:1:2::"],
    [networkOf("2001:db8::1"), "2001:db8:0:0::"],
  ])("is found in %s", (written, address) => {
    expect(bannableAddress(written)).toBe(address);
    expect(networkOf(bannableAddress(networkOf(address)) ?? "")).toBe(networkOf(address));
  });

  test.each(["", "203.0.113.0/24", "203.0.113.7/64", "2001:db8::/48", "2001:db8::/64/64", "localhost", "1.2.3"])(
    "is not found in %j",
    (written) => {
      expect(bannableAddress(written)).toBeUndefined();
    },
  );
});
