import { expect, test } from "vitest";
import { ByteBudget } from "../../../server/access/byte-budget.ts";

test("one holder cannot take what is left for others, and what is given back can be taken again", () => {
  const bytes = new ByteBudget({ each: 10, all: 15 });
  const first = bytes.take("a", 10);
  expect(first).toBeDefined();
  expect(bytes.take("a", 1)).toBeUndefined();
  expect(bytes.take("b", 6)).toBeUndefined();
  expect(bytes.take("b", 5)).toBeDefined();
  first?.();
  first?.();
  expect(bytes.take("a", 10)).toBeDefined();
  expect(bytes.take("c", 1)).toBeUndefined();
});
