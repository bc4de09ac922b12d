import { expect, test } from "vitest";
import { GeneratedValues } from "../../../../operator/deployment/secrets/generated-values.ts";

function counting(): GeneratedValues {
  let count = 0;
  return new GeneratedValues(() => `value-${++count}`);
}

test("a value that is not stored yet stays the same from try to try", () => {
  const values = counting();
  expect([values.value("one", "hmac", undefined), values.value("one", "hmac", undefined)]).toEqual([
    "value-1",
    "value-1",
  ]);
  expect(values.value("one", "key", undefined)).toBe("value-2");
  expect(values.value("two", "hmac", undefined)).toBe("value-3");
});

test("a stored value counts, and after it was deleted there is a new one", () => {
  const values = counting();
  values.value("one", "hmac", undefined);
  expect(values.value("one", "hmac", "stored")).toBe("stored");
  expect(values.value("one", "hmac", undefined)).toBe("value-2");
});

test("a value that was stored is not used again when its Secret is deleted at once, and one that was not is", () => {
  const values = counting();
  values.value("one", "hmac", undefined);
  values.value("one", "key", undefined);
  values.settle("one", (secret, value) => secret === "hmac" && value === "value-1");
  expect(values.value("one", "hmac", undefined)).toBe("value-3");
  expect(values.value("one", "key", undefined)).toBe("value-2");
  values.settle("another", () => true);
});

test("a resource that is gone takes its values along", () => {
  const values = counting();
  values.value("one", "hmac", undefined);
  values.forget("one");
  expect(values.value("one", "hmac", undefined)).toBe("value-2");
});
