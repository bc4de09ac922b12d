import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buttonData, claimedChoice, isGenuine } from "../../../../server/bridge/approvals/button-data.ts";

const choices = fc.record({
  approval: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  option: fc.integer({ min: 0, max: 9 }),
});

describe("the data of a button", () => {
  test("fits into what Telegram leaves, and comes back as it was", () => {
    fc.assert(
      fc.property(choices, (choice) => {
        const data = buttonData(choice, randomBytes(32));
        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
        expect(claimedChoice(data)).toEqual(choice);
      }),
    );
  });

  test("counts with its own secret alone, and no changed character is taken", () => {
    const secret = randomBytes(32);
    fc.assert(
      fc.property(choices, fc.nat(), fc.constantFrom(..."aZ0-_.:"), (choice, at, character) => {
        const data = buttonData(choice, secret);
        expect(isGenuine(data, secret)).toBe(true);
        expect(isGenuine(data, randomBytes(32))).toBe(false);
        const place = at % data.length;
        const changed = data.slice(0, place) + character + data.slice(place + 1);
        if (changed !== data) expect(isGenuine(changed, secret)).toBe(false);
      }),
    );
  });

  test("anything else is no button of an approval", () => {
    fc.assert(
      fc.property(fc.string(), (data) => {
        expect(isGenuine(data, randomBytes(32))).toBe(false);
      }),
    );
    for (const data of ["approve_x", "ap.", "ap.1.0.", "ap.1.10.AAAAAAAAAAAAAAAAAAAAAA", ""]) {
      expect(claimedChoice(data)).toBeUndefined();
    }
  });
});
