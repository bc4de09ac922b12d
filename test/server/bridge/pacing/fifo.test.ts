import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "../../../../server/bridge/pacing/fifo.ts";

type Step = (fifo: Fifo, ids: readonly number[]) => readonly number[];

const sorted = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);

/** Each does the same to the ids as it is to do to the list that it returns. */
const steps: Readonly<Record<string, (id: number) => Step>> = {
  push: (id) => (fifo, ids) => {
    if (ids.includes(id)) return ids;
    fifo.push(id);
    return sorted([...ids, id]);
  },
  merge: (id) => (fifo, ids) => {
    if (ids.includes(id)) return ids;
    fifo.merge([id]);
    return sorted([...ids, id]);
  },
  remove: (id) => (fifo, ids) => {
    fifo.remove(id);
    return ids.filter((each) => each !== id);
  },
  removeFirst: () => (fifo, ids) => {
    if (ids[0] !== undefined) fifo.remove(ids[0]);
    return ids.slice(1);
  },
};

const step = fc
  .tuple(fc.constantFrom(...Object.values(steps)), fc.integer({ min: 1, max: 40 }))
  .map(([make, id]) => make(id));

test("ids come out in their order, whichever come back, join them or are taken out from behind others", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (all) => {
      const fifo = new Fifo();
      let wanted: readonly number[] = [];
      for (const take of all) {
        wanted = take(fifo, wanted);
        expect(fifo.head).toBe(wanted[0]);
        expect(fifo.ids).toEqual(wanted);
      }
    }),
  );
});

test("a hundred thousand can be taken out from behind others and put back, and the rest is as it was", () => {
  const fifo = new Fifo();
  const all = Array.from({ length: 200_000 }, (_, index) => index + 1);
  for (const id of all) fifo.push(id);
  const every2nd = all.filter((id) => id % 2 === 0);
  for (const id of every2nd) fifo.remove(id);
  expect(fifo.ids).toHaveLength(100_000);
  for (const id of every2nd.slice(-100)) fifo.push(id);
  expect(fifo.ids.slice(-3)).toEqual([199_998, 199_999, 200_000]);
});
