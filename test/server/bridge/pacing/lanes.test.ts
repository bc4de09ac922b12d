import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Priority, priorities } from "../../../../contract/priority.ts";
import { Lanes, laneCount, laneOf, ownLane } from "../../../../server/bridge/pacing/lanes.ts";

/** Takes so many turns while the same lanes wait. */
function turns(waits: readonly boolean[], count: number): readonly number[] {
  const lanes = new Lanes();
  return Array.from({ length: count }, () => {
    const lane = lanes.next(waits) ?? -1;
    lanes.went(lane, waits);
    return lane;
  });
}

const waiting = (...wanted: readonly (Priority | "own")[]) => {
  const lanes = wanted.map((each) => (each === "own" ? ownLane : laneOf(each)));
  return Array.from({ length: laneCount }, (_, lane) => lanes.includes(lane));
};

describe("lanes", () => {
  test("urgent goes before normal, normal before bulk, and what is behind has every fifth turn", () => {
    const [urgent, normal, bulk] = priorities.map(laneOf);
    expect(turns(waiting("urgent", "normal"), 10)).toEqual([
      ...Array(4).fill(urgent),
      normal,
      ...Array(4).fill(urgent),
      normal,
    ]);
    expect(turns(waiting("normal", "bulk"), 6)).toEqual([...Array(4).fill(normal), bulk, normal]);
    const all = turns(waiting("urgent", "normal", "bulk"), 60);
    expect(all.filter((lane) => lane === urgent).length).toBeGreaterThanOrEqual(36);
    expect(all.filter((lane) => lane === bulk).length).toBeGreaterThanOrEqual(8);
  });

  test("what the bridge itself says has every other turn", () => {
    expect(turns(waiting("own", "urgent"), 6)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(turns(waiting("own"), 3)).toEqual([0, 0, 0]);
  });

  test("whatever waits has its turn within a bounded number of others, and a turn is of a lane that waits", () => {
    const step = fc.array(fc.boolean(), { minLength: laneCount, maxLength: laneCount });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        expect(longestWait(steps)).toBeLessThanOrEqual(20);
      }),
    );
  });
});

/** Turns for which a lane waited at most while others had theirs. */
function longestWait(steps: readonly (readonly boolean[])[]): number {
  const lanes = new Lanes();
  const since = Array.from({ length: laneCount }, () => 0);
  let longest = 0;
  for (const waits of steps) {
    const lane = lanes.next(waits);
    expect(lane === undefined).toBe(!waits.includes(true));
    if (lane === undefined) continue;
    expect(waits[lane]).toBe(true);
    lanes.went(lane, waits);
    waits.forEach((waited, each) => {
      since[each] = waited && each !== lane ? (since[each] ?? 0) + 1 : 0;
    });
    longest = Math.max(longest, ...since);
  }
  return longest;
}
