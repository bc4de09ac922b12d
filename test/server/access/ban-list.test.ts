import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BanList } from "../../../server/access/ban-list.ts";
import { memoryInUse } from "../support/memory.ts";

const rule = { strikes: 3, windowMs: 1000, banMs: 5000 };
const list = (capacity?: number) => new BanList<string>(rule, capacity);
const strikes = (bans: BanList<string>, key: string, ...times: readonly number[]) =>
  times.map((at) => bans.strike(key, key, at) !== undefined);

describe("ban list", () => {
  test("bans with the last strike of those allowed in a window, for exactly its time", () => {
    const bans = list();
    expect(strikes(bans, "a", 0, 500, 999)).toEqual([false, false, true]);
    expect(bans.find("a", 999)).toEqual({ who: "a", since: 999, until: 5999 });
    expect(bans.find("a", 5998)).toBeDefined();
    expect(bans.find("a", 5999)).toBeUndefined();
  });

  test("forgets strikes that are older than the window", () => {
    const bans = list();
    expect(strikes(bans, "a", 0, 500, 1000, 1500, 2000)).toEqual([false, false, false, false, false]);
  });

  test("bans nobody for what another one does", () => {
    const bans = list();
    strikes(bans, "a", 0, 1, 2);
    expect(bans.find("b", 2)).toBeUndefined();
    expect(strikes(bans, "b", 2, 3)).toEqual([false, false]);
  });

  test("neither counts nor lengthens a ban while it lasts, and begins anew after it", () => {
    const bans = list();
    strikes(bans, "a", 0, 1, 2);
    strikes(bans, "a", 3, 4999, 5000, 5001);
    expect(bans.find("a", 5001)?.until).toBe(5002);
    expect(strikes(bans, "a", 5002, 5003, 5004)).toEqual([false, false, true]);
  });

  test("lifts only those who are meant", () => {
    const bans = list();
    for (const key of ["a", "b"]) strikes(bans, key, 0, 1, 2);
    expect(bans.lift((who) => who === "a", 3)).toBe(1);
    expect(bans.entries(3).map(({ who }) => who)).toEqual(["b"]);
    expect(bans.lift((who) => who === "b", 6000)).toBe(0);
  });

  test("forgets, when it is full, the ban that ends first and the suspect that was quiet for longest", () => {
    const bans = list(2);
    for (const [at, key] of ["a", "b", "c"].entries()) strikes(bans, key, at, at, at);
    expect(bans.entries(3).map(({ who }) => who)).toEqual(["b", "c"]);
    strikes(bans, "d", 4, 5);
    strikes(bans, "e", 6);
    strikes(bans, "f", 7);
    expect(strikes(bans, "e", 8, 9)).toEqual([false, true]);
    expect(strikes(bans, "d", 10)).toEqual([false]);
  });

  test("bans exactly when so many strikes fell into one window, at whatever times they come", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { maxLength: 50 }), (times) => {
        const bans = list();
        const counted: number[] = [];
        for (const at of times.sort((a, b) => a - b)) {
          if (bans.find("a", at) !== undefined) continue;
          counted.push(at);
          const isOneTooMany = counted.filter((earlier) => earlier > at - 1000).length >= 3;
          expect(bans.strike("a", "a", at) !== undefined).toBe(isOneTooMany);
          if (isOneTooMany) counted.length = 0;
        }
      }),
    );
  });

  test("keeps its memory under strikes from a million addresses, of which many are banned", async () => {
    const bans = list();
    const strike = (from: number, to: number) => {
      for (let index = from; index < to; index += 1) {
        const address = `2001:db8:${(index >> 16).toString(16)}:${(index & 65_535).toString(16)}::/64`;
        strikes(bans, address, ...Array.from({ length: index % 10 === 0 ? 3 : 1 }, () => index / 1000));
      }
    };
    strike(0, 200_000);
    const { heapUsed } = await memoryInUse();
    strike(200_000, 1_000_000);
    const grown = (await memoryInUse()).heapUsed - heapUsed;
    expect(grown).toBeLessThan(4 * 2 ** 20);
    expect(bans.size(1000)).toBeLessThanOrEqual(10_000);
  });
});
