import { expect, test } from "vitest";
import { LongestTurn, watchLoop } from "../../../server/listening/longest-turn.ts";

/** Looks each 50 ms from one time to another. */
function turns(turn: LongestTurn, from: number, to: number): void {
  for (let now = from; now <= to; now += 50) turn.look(now);
}

test("a loop that turns is not held up", () => {
  const turn = new LongestTurn(0);
  turns(turn, 50, 2_000);
  expect(turn.at(2_000)).toBe(0);
  expect(turn.at(2_049)).toBe(0);
});

test("a turn that is under way counts before it ends", () => {
  const turn = new LongestTurn(0);
  turns(turn, 50, 1_000);
  expect(turn.at(1_300)).toBe(250);
  expect(turn.at(4_000)).toBe(2_950);
});

test("a long turn is remembered for half a second, and for a second at most", () => {
  const turn = new LongestTurn(0);
  turns(turn, 50, 1_000);
  turn.look(4_000);
  expect(turn.at(4_000)).toBe(2_950);
  turns(turn, 4_050, 4_450);
  expect(turn.at(4_450)).toBe(2_950);
  turns(turn, 4_500, 5_050);
  expect(turn.at(5_050)).toBe(0);
});

test("turns that are all long never count as well", () => {
  const turn = new LongestTurn(0);
  for (let now = 1_200; now < 60_000; now += 1_200) {
    turn.look(now);
    expect(turn.at(now)).toBe(1_150);
    expect(turn.at(now + 600)).toBe(1_150);
  }
});

test("the loop of this process is watched", async () => {
  const loop = watchLoop();
  const end = performance.now() + 300;
  while (performance.now() < end);
  expect(loop.heldUpMs()).toBeGreaterThan(200);
  await new Promise(setImmediate);
  expect(loop.heldUpMs()).toBeGreaterThan(200);
  loop.stop();
});
