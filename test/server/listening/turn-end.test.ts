import { expect, test } from "vitest";
import { TurnEnd } from "../../../server/listening/turn-end.ts";

test("what is left in one turn is done at its end, in order, and asked for once", () => {
  const ends: (() => void)[] = [];
  const turnEnd = new TurnEnd((work) => void ends.push(work));
  const done: string[] = [];
  turnEnd.leave(() => done.push("first"));
  turnEnd.leave(() => {
    done.push("second");
    turnEnd.leave(() => done.push("of the next turn"));
  });
  expect([done, ends.length]).toEqual([[], 1]);
  ends.shift()?.();
  expect([done, ends.length]).toEqual([["first", "second"], 1]);
  ends.shift()?.();
  expect(done).toEqual(["first", "second", "of the next turn"]);
});

test("by itself it waits for the end of the turn of the event loop", async () => {
  const turnEnd = new TurnEnd();
  const done: string[] = [];
  turnEnd.leave(() => done.push("left"));
  await Promise.resolve();
  done.push("microtask");
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(["microtask", "left"]);
});
