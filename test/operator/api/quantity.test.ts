import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalQuantity, smallerQuantity } from "../../../operator/runtime/quantity.ts";

/** Quantities that the resource accepts. */
const quantity = fc.stringMatching(/^[0-9]{1,9}(\.[0-9]{1,3})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/);

const factors: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 10n ** 3n,
  m: 10n ** 6n,
  "": 10n ** 9n,
  k: 10n ** 12n,
  M: 10n ** 15n,
  G: 10n ** 18n,
  T: 10n ** 21n,
  P: 10n ** 24n,
  E: 10n ** 27n,
  Ki: 1024n * 10n ** 9n,
  Mi: 1024n ** 2n * 10n ** 9n,
  Gi: 1024n ** 3n * 10n ** 9n,
  Ti: 1024n ** 4n * 10n ** 9n,
  Pi: 1024n ** 5n * 10n ** 9n,
  Ei: 1024n ** 6n * 10n ** 9n,
};

/** The value in nanos, computed in another way than the product does. */
function nanosOf(text: string): bigint {
  const [, number = "", suffix = ""] = /^([0-9.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const [whole = "0", fraction = ""] = number.split(".");
  return (BigInt(whole + fraction.padEnd(3, "0")) * (factors[suffix] ?? 0n)) / 1000n;
}

test("the canonical form is a fixed point, and equal in value", () => {
  fc.assert(
    fc.property(quantity, (text) => {
      const canonical = canonicalQuantity(text);
      expect(canonicalQuantity(canonical)).toBe(canonical);
      expect(nanosOf(canonical)).toBe(nanosOf(text));
    }),
  );
});

test("the smaller of two is smaller, whichever comes first", () => {
  fc.assert(
    fc.property(quantity, quantity, (a, b) => {
      const smaller = nanosOf(smallerQuantity(a, b));
      expect(smaller).toBe(nanosOf(smallerQuantity(b, a)));
      expect([nanosOf(a), nanosOf(b)]).toContain(smaller);
      expect(smaller <= nanosOf(a) && smaller <= nanosOf(b)).toBe(true);
    }),
  );
});

test.each([
  ["0.5", "500m"],
  ["1000m", "1"],
  ["1024Mi", "1Gi"],
  ["1500Mi", "1500Mi"],
  ["62.5Ki", "64k"],
  ["0", "0"],
])("%s is stored as %s", (text, stored) => {
  expect(canonicalQuantity(text)).toBe(stored);
});
