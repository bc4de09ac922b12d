import fc from "fast-check";
import { expect, test } from "vitest";
import { Fifo } from "../../../../server/bridge/pacing/fifo.ts";

type Step = (fifo: Fifo, model: Set<number>) => void;

const pushed =
  (id: number): Step =>
  (fifo, model) => {
    fifo.push(id);
    model.add(id);
  };
const removed =
  (id: number): Step =>
  (fifo, model) => {
    fifo.remove(id);
    model.delete(id);
  };
const merged =
  (ids: readonly number[]): Step =>
  (fifo, model) => {
    fifo.merge(ids);
    for (const id of ids) model.add(id);
  };
const taken: Step = (fifo, model) => removed(fifo.head ?? 0)(fifo, model);

const id = fc.integer({ min: 1, max: 40 });
const step = fc.oneof(id.map(pushed), id.map(removed), fc.array(id, { maxLength: 5 }).map(merged), fc.constant(taken));

test("ids stand in order, each once, whatever is put in and taken out in whatever order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [fifo, model] = [new Fifo(), new Set<number>()];
      for (const each of steps) {
        each(fifo, model);
        const expected = [...model].sort((a, b) => a - b);
        expect([fifo.head, fifo.size, fifo.ids]).toEqual([expected[0], expected.length, expected]);
      }
    }),
  );
});

test("one at the front keeps nobody from taking out hundreds of thousands behind it", () => {
  const fifo = new Fifo();
  const count = 300_000;
  for (let each = 1; each <= count; each += 1) fifo.push(each);
  // Were each of them looked for from the front, this would not end within the time of a test.
  for (let each = 2; each < count; each += 1) fifo.remove(each);
  expect(fifo.ids).toEqual([1, count]);
  fifo.remove(1);
  expect(fifo.head).toBe(count);
});
