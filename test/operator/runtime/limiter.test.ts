import { expect, test } from "vitest";
import { Limiter } from "../../../operator/runtime/limiter.ts";
import { settle } from "./manual-clock.ts";

/** Tasks that end when told to. */
function pieces(limiter: Limiter, count: number) {
  const started: number[] = [];
  const ends: PromiseWithResolvers<number>[] = [];
  const results = Array.from({ length: count }, (_, index) => {
    const end = Promise.withResolvers<number>();
    ends.push(end);
    return limiter.run(() => {
      started.push(index);
      return end.promise;
    });
  });
  return { started, ends, results };
}

test("as much work as allowed runs at once, the rest in order as places become free", async () => {
  const { started, ends, results } = pieces(new Limiter(2), 4);
  await settle();
  expect(started).toEqual([0, 1]);
  ends[1]?.resolve(11);
  expect(await results[1]).toBe(11);
  await settle();
  expect(started).toEqual([0, 1, 2]);
});

test("work that fails gives its place back, and its error", async () => {
  const limiter = new Limiter(1);
  const { started, ends, results } = pieces(limiter, 2);
  ends[0]?.reject(new Error("refused"));
  await expect(results[0]).rejects.toThrow("refused");
  await settle();
  expect(started).toEqual([0, 1]);
  ends[1]?.resolve(1);
  await results[1];
  expect(await limiter.run(async () => "again")).toBe("again");
});
