import { describe, expect, test } from "vitest";
import { cut, duration, remaining, stepLine } from "../../machine/step-line.mjs";

test.each([
  [0, "0.0 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min 0 s"],
  [372_000, "6 min 12 s"],
  [3_725_000, "62 min 5 s"],
])("%i ms read %s", (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

describe("what is left", () => {
  test("follows from the share that is done", () => {
    expect(remaining({ elapsed: 30_000, share: 0.25 })).toBe(90_000);
  });

  test("is not guessed from the first moments", () => {
    expect(remaining({ elapsed: 1_000, share: 0.5 })).toBeUndefined();
    expect(remaining({ elapsed: 30_000, share: 0.001 })).toBeUndefined();
  });

  test("follows from another time where no share is known", () => {
    expect(remaining({ elapsed: 30_000, typical: 40_000 })).toBe(10_000);
    expect(remaining({ elapsed: 50_000, typical: 40_000 })).toBe(0);
  });

  test("is unknown the first time", () => {
    expect(remaining({ elapsed: 30_000 })).toBeUndefined();
  });
});

describe("a line", () => {
  test.each([
    [{ name: "Helm", elapsed: 3_000 }, "Helm (3.0 s)"],
    [{ name: "Helm", elapsed: 3_000, detail: "7 of 9" }, "Helm (3.0 s): 7 of 9"],
    [{ name: "Helm", elapsed: 30_000, share: 0.25 }, "Helm 25% (30.0 s, about 2 min left)"],
    [{ name: "Helm", elapsed: 10_000, typical: 32_000 }, "Helm ~31% (10.0 s, about 25 s left)"],
    [{ name: "Helm", elapsed: 40_000, typical: 32_000 }, "Helm (40.0 s, 32.0 s another time)"],
    [{ name: "Helm", elapsed: 40_000, share: 1 }, "Helm 99% (40.0 s, a few seconds left)"],
  ])("%j", (view, text) => {
    expect(stepLine(view)).toBe(text);
  });

  test("is cut where the terminal ends", () => {
    expect(cut("abcdef", 7)).toBe("abcdef");
    expect(cut("abcdef", 6)).toBe("abcd…");
    expect(cut("abcdef", 1)).toBe("…");
  });
});
