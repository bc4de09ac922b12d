import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitrate, type Claim } from "../../../../operator/deployment/receiving/arbitration.ts";

const claim = (name: string, createdAt: string, fields: Partial<Claim> = {}): Claim => ({
  namespace: "tools",
  name,
  uid: name,
  createdAt: `2026-01-0${createdAt}T00:00:00Z`,
  token: "A",
  ...fields,
});

const [first, second] = [claim("first", "1"), claim("second", "2", { namespace: "others" })];

test("the oldest of the resources with one token receives, in whatever namespace the others are", () => {
  expect(arbitrate(first, [second, first], [])).toEqual({ state: "Receives" });
  const other = { namespace: "tools", name: "first" };
  expect(arbitrate(second, [second, first], [])).toEqual({ state: "SendsOnly", other });
});

test("resources with different tokens do not concern each other", () => {
  const different = { ...second, token: "B" };
  expect(arbitrate(different, [different, first], [{ ...first }])).toEqual({ state: "Receives" });
});

test("of two that were created in the same second the uid decides, in whatever order they are seen", () => {
  const [one, two] = [claim("one", "1"), claim("two", "1")];
  for (const claims of [
    [one, two],
    [two, one],
  ]) {
    expect(arbitrate(one, claims, [])).toEqual({ state: "Receives" });
    expect(arbitrate(two, claims, [])).toMatchObject({ state: "SendsOnly" });
  }
});

test("whose turn it is waits until no other resource reads the updates, also one that no longer asks to", () => {
  const former = { namespace: "others", name: "former", token: "A" };
  const other = { namespace: "others", name: "former" };
  expect(arbitrate(first, [first], [first, former])).toEqual({ state: "Waits", other });
  expect(arbitrate(first, [first], [first])).toEqual({ state: "Receives" });
});

const arbitraryClaims = fc.uniqueArray(
  fc.record({
    namespace: fc.constantFrom("a", "b"),
    name: fc.constantFrom("one", "two", "three"),
    uid: fc.uuid(),
    createdAt: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-02T00:00:00Z"),
    token: fc.constantFrom("A", "B"),
  }),
  { selector: ({ namespace, name }) => `${namespace}/${name}`, maxLength: 6 },
);

test("in no set of resources do two receive with one token, and without pollers exactly one does", () => {
  fc.assert(
    fc.property(arbitraryClaims, arbitraryClaims, (claims, pollers) => {
      const receivers = (reading: readonly Claim[], token: string) =>
        claims.filter((one) => one.token === token && arbitrate(one, claims, reading).state === "Receives");
      for (const token of new Set(claims.map((one) => one.token))) {
        expect(receivers([], token)).toHaveLength(1);
        expect(receivers(pollers, token).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
